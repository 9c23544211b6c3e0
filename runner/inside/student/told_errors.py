"""Exceptions of the notebook's as a grader is told of them.

They come with those behind them and with the attributes that the notebook has put on
them, as plain data of bounded size.
"""

import contextlib
from collections.abc import Callable
from typing import Any, Final

from runner.inside.values.codec import REFUSED, Encoder, Node, RefusedError
from runner.wire.endpoint import Message

# Errors behind one error, attributes and notes of one. Others are left out.
_MOST: Final = 8
_WORDS: Final = 500
_ATOMS: Final = (type(None), bool, str)


class ToldErrors:
    """The descriptions of exceptions for one grader.

    `make` gives an encoder, `refer` the node of an object, `class_of` that of a class.
    """

    def __init__(
        self,
        make: Callable[[], Encoder],
        refer: Callable[[object, Encoder], Node],
        class_of: Callable[[type], Node],
    ) -> None:
        self._make = make
        self._refer = refer
        self._class_of = class_of

    def message(self, error: BaseException) -> Message:
        """Return the description of an exception, and the bytes that belong to it.

        An exception of the notebook's own class stays here as an object, of which the
        grader may read the attributes.
        """
        told, encoder = _words_of(error), self._make()
        attributes, has_attributes = _attributes_of(error), False
        with contextlib.suppress(Exception), encoder.data_only():
            told["data"] = encoder.encode([_arguments_of(error), attributes])
            has_attributes = True
        if "data" not in told:
            encoder = self._make()
            with contextlib.suppress(Exception), encoder.data_only():
                told["data"] = encoder.encode([_arguments_of(error)])
        if "data" not in told:
            encoder = self._make()
        if told["type"] == REFUSED:
            return {"error": told}, encoder.buffers
        kind = type(error)
        if kind.__module__ != "builtins" or (attributes and not has_attributes):
            error.__traceback__ = None  # its frames may hold much
            told["class"] = self._class_of(kind)
            told["object"] = self._refer(error, encoder)
        if error.__cause__ or error.__context__ or error.__suppress_context__:
            told["behind"] = self._behind(error)
        return {"error": told}, encoder.buffers

    def _behind(self, error: BaseException) -> list[Node]:
        """Return the error and those that it was raised from or in the handling of.

        Each has the places of its `cause` and `context` in the list: None for none, -1
        for one that is not in the list.
        """
        found: list[BaseException] = [error]
        nodes: list[Node] = []
        for one in found:
            links = {"cause": one.__cause__, "context": one.__context__}
            places = {name: _place(other, found) for name, other in links.items()}
            told = {**_words_of(one), "args": _atoms_of(one), **places}
            if type(one).__module__ != "builtins":
                told["class"] = self._class_of(type(one))
            nodes.append({**told, "hides": one.__suppress_context__})
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


def _atoms_of(error: BaseException) -> list[object] | None:
    """Return the arguments of the error, or None if they are not all short and plain."""
    found = error.args
    are_short = len(found) <= _MOST and all(
        type(one) in _ATOMS and (type(one) is not str or len(one) <= _WORDS)
        for one in found
    )
    return list(found) if are_short else None


def _arguments_of(error: BaseException) -> list[object]:
    """Return the arguments that make the error again: an OSError also has file names."""
    if type(error).__module__ == "builtins" and isinstance(error, OSError):
        made: Any = error.__reduce__()
        return list(made[1])
    return list(error.args)


def _attributes_of(error: BaseException) -> dict[str, object]:
    """Return what the notebook has put on the error, such as notes."""
    found = getattr(error, "__dict__", None)
    return dict(list(found.items())[:_MOST]) if type(found) is dict else {}


def _words_of(error: BaseException) -> dict[str, Any]:
    """Return the nearest built-in class of the error, and its message."""
    if isinstance(error, RefusedError):
        return {"type": REFUSED, "words": str(error)}
    kinds = (
        one.__name__ for one in type(error).__mro__ if one.__module__ == "builtins"
    )
    try:
        words = str(error)[:_WORDS]
    except BaseException:  # noqa: BLE001 - a student's __str__ may raise anything
        words = ""
    return {"type": next(kinds, "Exception"), "words": words}
