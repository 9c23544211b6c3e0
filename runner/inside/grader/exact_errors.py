"""The student's errors as Python's own: their classes, attributes and errors behind them.

`type(e) is ValueError`, `e.__context__` and a traceback's text then say what they say in a
notebook.
"""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from runner.inside.values.nodes import CodecError

_MOST: Final = 10
_NOTES: Final = "__notes__"


class _Words(str):
    """An argument that `repr` shows as it is: a KeyError shows the `repr` of its key."""

    __slots__ = ()

    __repr__ = str.__str__


def parts_of(data: object) -> tuple[list[object] | None, object]:
    """Return the arguments and the attributes that came with an error, each or None.

    They are one value: a list may be both an argument and an attribute.
    """
    match data:
        case [list() as arguments]:
            return arguments, None
        case [list() as arguments, attributes]:
            return arguments, attributes
    return None, None


def make(
    kind: type[Exception] | None, words: str, arguments: Sequence[object] | None
) -> Exception | None:
    """Return an exception of exactly this class that shows these words, or None."""
    if kind is None:
        return None
    for given in ([words] if arguments is None else arguments, [_Words(words)]):
        # Some classes take arguments of certain types alone, as UnicodeDecodeError does.
        with contextlib.suppress(TypeError, ValueError, OverflowError):
            error = kind(*given)
            if type(error) is kind and str(error)[: len(words)] == words:
                return error
    return None


def put(error: BaseException, attributes: object, *, is_asked: bool) -> None:
    """Give the error the attributes that the notebook has put on it, and its notes.

    If it is asked for them (`is_asked`), only the notes.
    """
    if type(attributes) is not dict:
        return
    for name, value in list(attributes.items())[:_MOST]:
        if name == _NOTES:
            are_texts = type(value) is list and all(type(one) is str for one in value)
            if are_texts:
                vars(error)[name] = value
        elif (
            not is_asked
            and type(name) is str
            and name.isidentifier()
            and name[0] != "_"
        ):
            vars(error).setdefault(name, value)


def chain(
    error: BaseException,
    told: object,
    make_one: Callable[[Mapping[str, Any]], BaseException],
) -> None:
    """Give the error those because of which it was raised. Raises CodecError.

    `told` is None, or a list that begins with the error itself, in which each names the
    places of the others.
    """
    if told is None:
        return
    if type(told) is not list or not 0 < len(told) <= _MOST:
        raise CodecError("the student's process sent an invalid error")
    try:
        errors = [error, *map(make_one, told[1:])]
        for one, node in zip(errors, told, strict=True):
            cause, context = node["cause"], node["context"]
            one.__cause__ = None if cause is None else _at(errors, cause)
            one.__context__ = None if context is None else _at(errors, context)
            one.__suppress_context__ = node["hides"] is True
    except (IndexError, KeyError, TypeError) as found:
        raise CodecError("the student's process sent an invalid error") from found


def _at(errors: list[BaseException], place: int) -> BaseException:
    return RuntimeError("further errors are not sent") if place < 0 else errors[place]
