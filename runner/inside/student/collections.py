"""Lists and the like of the notebook's own classes, sent to a test as objects."""

from collections import deque
from dataclasses import dataclass
from typing import Final

from runner.inside.values import own_names
from runner.inside.values.codec import CodecError
from runner.wire import special_methods

OPERATORS: Final = frozenset(
    (
        *special_methods.BINARY,
        *("neg", "pos", "abs", "invert"),
    )
)
_COLLECTIONS: Final = (list, tuple, dict, set, frozenset, deque)
_LIBRARIES: Final = frozenset(("builtins", "collections", "numpy", "torch", "typing"))
# Special methods that make an object more than its items.
_OWN_METHODS: Final = frozenset(
    (
        *(f"__{name}__" for name in OPERATORS),
        *("__call__", "__enter__", "__str__", "__getitem__", "__setitem__"),
        *("__delitem__", "__contains__", "__missing__"),
        *own_names.ANSWERING,
    )
)


@dataclass(frozen=True)
class WithMethods:
    """A list or the like that is sent as an object, not as its items."""

    made: object


@dataclass(frozen=True)
class MadeValue:
    """A value of the notebook's class, which a test has made.

    It is sent as a value and as the object by whose operators it is added, and as which
    it goes back.
    """

    made: object


def plain_of(value: object) -> object:
    """Return the list or the like, which is sent as its items. Raises CodecError."""
    if not isinstance(value, _COLLECTIONS):
        raise CodecError("an invalid collection")
    return value


def has_own_methods(value: object) -> bool:
    """Return whether the value is a list or the like whose class has methods of its own."""
    if not isinstance(value, _COLLECTIONS):
        return False
    if hasattr(type(value), "_fields") and type(value).__dictoffset__:
        return True  # a named tuple that takes what a test assigns to it
    return any(
        callable(part) or isinstance(part, property | classmethod | staticmethod)
        for kind in type(value).__mro__
        if not _is_library(kind.__module__)
        for name, part in vars(kind).items()
        if not name.startswith("_") or name in _OWN_METHODS
    )


def _is_library(module: str) -> bool:
    return str(module).partition(".")[0] in _LIBRARIES
