"""What a grader is told of an exception beside its class: those behind it, and attributes.

All of it is plain data of bounded size.
"""

from typing import Any, Final

from runner.inside.values.nodes import Node

# Errors behind one error, attributes and notes of one. Others are left out.
_MOST: Final = 8
_WORDS: Final = 500
_ATOMS: Final = (type(None), bool, str)


def behind(error: BaseException, describe: Any) -> list[Node]:
    """Return the error and those that it was raised from or in the handling of.

    `describe` gives the node of one of them. Each also has the places of its `cause` and
    `context` in the list: None for none, -1 for one that is not in the list.
    """
    found: list[BaseException] = [error]
    nodes: list[Node] = []
    for one in found:
        links = {"cause": one.__cause__, "context": one.__context__}
        told = {name: _place(other, found) for name, other in links.items()}
        nodes.append({**describe(one), **told, "hides": one.__suppress_context__})
    return nodes


def _place(error: BaseException | None, found: list[BaseException]) -> int | None:
    if error is None:
        return None
    for place, one in enumerate(found):
        if one is error:
            return place
    if len(found) > _MOST:
        return -1
    found.append(error)
    return len(found) - 1


def atoms_of(error: BaseException) -> list[object] | None:
    """Return the arguments of the error, or None if they are not all short and plain."""
    found = error.args
    are_short = len(found) <= _MOST and all(
        type(one) in _ATOMS and (type(one) is not str or len(one) <= _WORDS)
        for one in found
    )
    return list(found) if are_short else None


def arguments_of(error: BaseException) -> list[object]:
    """Return the arguments that make the error again: an OSError also has file names."""
    if type(error).__module__ == "builtins" and isinstance(error, OSError):
        made: Any = error.__reduce__()
        return list(made[1])
    return list(error.args)


def attributes_of(error: BaseException) -> dict[str, object]:
    """Return what the notebook has put on the error, such as notes."""
    found = getattr(error, "__dict__", None)
    return dict(list(found.items())[:_MOST]) if type(found) is dict else {}
