"""Built-in objects that a test gives, made again from the grader's description."""

import io
import itertools
import operator
import random
import weakref
from collections import UserDict, UserList
from collections.abc import Callable, Mapping
from typing import Any, Final

_MAKERS: Final[Mapping[str, Callable[[Any], object]]] = {
    "text": lambda content: _file(io.StringIO, *content),
    "bytes": lambda content: _file(io.BytesIO, *content),
    "random": random.Random,
    "iterator": iter,
    "count": lambda steps: itertools.count(*steps),
    "chain": dict,
    "dict": lambda data: _around(UserDict(), data),
    "list": lambda data: _around(UserList(), data),
}
# What is read from a place on. A generator of random numbers is not.
_READ: Final[tuple[type, ...]] = (io.StringIO, io.BytesIO, type(iter([])))
_FILES: Final = (io.StringIO, io.BytesIO)
# A file of more bytes or characters is not compared after a later call.
_LARGE: Final = 1024 * 1024


def make(kind: str, content: object) -> object:
    """Return a new object of that kind with this content."""
    return _MAKERS[kind](content)


def _file(kind: Callable[[Any], Any], content: object, place: int) -> object:
    made = kind(content)
    made.seek(place)
    return made


def _around(made: Any, data: object) -> object:
    """Return the object of `collections`, which holds this very dictionary or list."""
    made.data = data
    return made


class GivenPositions:
    """The iterators and files that questions have given, by the grader's numbers.

    Of a file, the notebook may also change the content, and keep it beyond the call. Of
    the values that stand for a ChainMap, it may change the keys and values.
    """

    def __init__(self) -> None:
        self._given: dict[int, Any] = {}
        # What they held: of a dictionary the items, of a file all of it.
        self._held: dict[int, Any] = {}
        # What earlier questions have given, but no iterators: where it stood, and what it
        # held.
        self._kept: dict[int, tuple[Callable[[], Any], int | None, Any]] = {}

    def begin(self, message: object) -> None:
        """Forget the files of the check before if this message is its first."""
        if message == 1:
            self._kept.clear()

    def note(self, number: object, kind: object, value: Any) -> None:
        """Note an object of which the grader wants to know where it then stands."""
        if type(number) is int and (isinstance(value, _READ) or kind == "chain"):
            self._given[number] = value
            self._held[number] = _held_by(value)

    def told(self) -> dict[str, object]:
        """Return what the answer's header says: how far they are.

        For an iterator this is how many items are left, for a file its position, or None
        if it is closed. Then follows True if the content has changed.
        """
        stands = []
        for number, (ref, place, held) in list(self._kept.items()):
            one = ref()
            if one is None:
                del self._kept[number]
            elif place != _place_of(one) or not _are_same(held, _held_by(one)):
                self._given[number], self._held[number] = one, held
        for number, one in self._given.items():
            place, now = _place_of(one), _held_by(one)
            is_same = place is None or _are_same(self._held[number], now)
            stands.append([number, place] if is_same else [number, place, True])
            if now is not None and len(now) <= _LARGE:
                self._kept[number] = _ref(one), place, now
        self._given.clear()
        self._held.clear()
        return {"stands": stands} if stands else {}


def _ref(value: Any) -> Callable[[], Any]:
    """Return a function that gives the file as long as the notebook keeps it.

    Python makes no weak reference to a dictionary.
    """
    return (lambda: value) if type(value) is dict else weakref.ref(value)


def _held_by(value: Any) -> Any:
    if isinstance(value, _FILES):
        return b"" if value.closed else value.getvalue()
    return list(value.items()) if type(value) is dict else None


def _are_same(before: Any, now: Any) -> bool:
    """Return whether a file has this content, or a dictionary these very items."""
    if type(now) is not list:
        return bool(before == now)
    return len(before) == len(now) and all(
        one[0] is other[0] and one[1] is other[1]
        for one, other in zip(before, now, strict=True)
    )


def _place_of(value: Any) -> int | None:
    if isinstance(value, io.IOBase):
        return None if value.closed else value.tell()
    return operator.length_hint(value)
