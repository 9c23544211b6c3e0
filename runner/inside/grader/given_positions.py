"""Iterators and files in memory that a test gives: where they stand after the call.

The notebook's code gets a copy. Its answer says how far it has read, and the test's own
object then stands there, too. So `list(it) == []` tells whether a function has used `it`
up, and `f.tell()`, `f.closed` what it has done with a file.
"""

import copy
import io
import itertools
import weakref
from collections import ChainMap, UserDict, UserList, deque
from collections.abc import Mapping
from typing import Any, Final

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.changed_arguments import ChangedArgumentError
from runner.inside.grader.later_looks import is_looked_at_later
from runner.inside.grader.library_objects import MAX_ITEMS, is_iterator, remaining
from runner.inside.values.codec import CodecError
from runner.wire.link import Header

_FILES: Final[Mapping[type, str]] = {io.StringIO: "text", io.BytesIO: "bytes"}
_SOURCES: Final[tuple[Any, ...]] = (
    [],
    (),
    "",
    "é",
    b"",
    bytearray(),
    range(0),
    {},
    set(),
    frozenset(),
)
_VIEWS: Final[tuple[Any, ...]] = ({}.keys(), {}.values(), {}.items())
_BACKWARDS: Final[tuple[Any, ...]] = ([], range(0), {})
# Iterators of which Python makes a copy that stands where they stand.
COPIED: Final[frozenset[type]] = frozenset(
    (
        *(type(iter(one)) for one in (*_SOURCES, *_VIEWS)),
        *(type(reversed(one)) for one in _BACKWARDS),
        type(iter(range(2**70))),
    )
)
_GONE: Final = (
    "the notebook's code has taken only a part of a generator, `map`, `zip` or the like, "
    "and the rest is gone: give an iterator of a list (`iter([1, 2, 3])`) if the test "
    "looks at it after the call"
)


class _UsedUp:
    """An iterator that cannot go back, and that the test looks at after the call."""


# Collections around one value, which goes across as the test's own.
_AROUND: Final[Mapping[type, str]] = {UserDict: "dict", UserList: "list"}


class GivenPositions:
    """The iterators and files that calls were given, by number."""

    def __init__(self) -> None:
        self._given: dict[int, tuple[Any, int]] = {}
        # Files that the notebook's code has had as a whole.
        self._whole: weakref.WeakSet[Any] = weakref.WeakSet()

    def forget(self) -> None:
        """Forget what earlier checks have given."""
        self._given.clear()
        self._whole.clear()

    def note(self, number: int, value: Any) -> tuple[str, object] | None:
        """Return the kind and the content of an iterator or a file, or None for others.

        Raises CodecError for a file in memory whose changes would be lost, or of which a
        part that was read already would be sent.
        """
        if type(value) in _FILES:
            content = self._file(value)
            self._given[number] = value, len(content[0])
            return _FILES[type(value)], content
        if type(value) in _AROUND:
            return _AROUND[type(value)], value.data
        if isinstance(value, ChainMap):
            # Of what it hides nothing is sent.
            self._given[number] = value, 0
            return "chain", dict(value)
        return self._iterator(number, value) if is_iterator(value) else None

    def _iterator(self, number: int, value: Any) -> tuple[str, object]:
        if type(value) not in COPIED:
            is_missed = is_looked_at_later(value)
            items = remaining(value)
            self._given[number] = (_UsedUp() if is_missed else None), len(items)
            return "iterator", items
        items = list(itertools.islice(copy.copy(value), MAX_ITEMS + 1))
        if len(items) > MAX_ITEMS:
            return "iterator", remaining(value)  # which refuses them
        self._given[number] = value, len(items)
        return "iterator", items

    def _file(self, value: Any) -> list[Any]:
        place = 0 if value.closed else value.tell()
        if value.closed or not value.getvalue() or (place and value not in self._whole):
            raise CodecError(
                f"a {type(value).__name__} can be given to the student's code only if it "
                "is open, has content and is positioned at its start, or where the "
                "student's code has left it, because the code gets a copy"
            )
        self._whole.add(value)
        return [value.getvalue(), place]

    def learn(self, header: Header) -> None:
        """Bring what a call was given to where the notebook's code has left it."""
        told = header.get("stands")
        for one in told if isinstance(told, list) else []:
            match one:
                case [int() as number, int() as left] if number in self._given:
                    self._put(*self._taken(number), left)
                case [int() as number, None] if number in self._given:
                    self._taken(number)[0].close()
                case [int() as number, int() as left, True] if number in self._given:
                    self._change(number)
                    self._put(*self._taken(number), left)

    def _taken(self, number: int) -> tuple[Any, int]:
        """Return the object and its size. All but iterators may be told of again."""
        found = self._given[number]
        if not isinstance(found[0], (*_FILES, ChainMap)):
            del self._given[number]
        return found

    def _change(self, number: int) -> None:
        """Refuse that the test looks at an object later whose copy holds something else.

        In a notebook the code would have changed the test's own.
        """
        value, _ = self._given[number]
        seen = (value, *value.maps) if isinstance(value, ChainMap) else (value,)
        if any(map(is_looked_at_later, seen)):
            # Noted, so that the check cannot pass.
            ChangedArgumentError(f"a {type(value).__name__}", is_known=False)

    def _put(self, value: Any, whole: int, place: int) -> None:
        if not 0 <= place <= whole or value is None:
            return
        if type(value) is _UsedUp:
            if place:
                NotDataError(_GONE)  # noted, so that the check cannot pass
            return
        if type(value) in _FILES:
            if not value.closed:
                value.seek(place)
        elif not isinstance(value, ChainMap):
            deque(itertools.islice(value, whole - place), maxlen=0)
