"""The objects of the notebook that a grader knows, by their numbers."""

import weakref
from collections.abc import Iterable
from typing import Any, Final

from runner.inside.values.codec import RefusedError

_GONE: Final = (
    "the notebook no longer has an object that the test kept from an earlier check, or "
    "by its number: make it again in this check"
)


class KnownObjects:
    """The objects that a grader may use, and their numbers.

    They are kept until the grader says that its test has dropped them. Then an object
    keeps its number for as long as the notebook itself keeps the object. An object to
    which Python makes no weak reference (`__slots__`, an iterator of a list) is kept
    until the check ends: nothing else tells whether the notebook still has it, and one
    object never has two numbers. No number is used twice.
    """

    def __init__(self) -> None:
        self._kept: dict[int, object] = {}
        self._dropped: dict[int, weakref.ref[Any]] = {}
        self._numbers: dict[int, int] = {}  # by `id`, which may be of a former object
        self._count = 0

    def number_of(self, value: object, *, keeps: bool = True) -> int:
        """Return the object's number. If not `keeps`, only the notebook keeps it."""
        number = self._numbers.get(id(value))
        if number is None or self._find(number) is not value:
            number, self._count = self._count, self._count + 1
            self._numbers[id(value)] = number
            self._kept[number] = value
            if not keeps:
                self.drop([number])
        elif keeps and number in self._dropped:
            del self._dropped[number]
            self._kept[number] = value
        return number

    def find(self, number: int) -> object:
        """Return the object with this number. Raises RefusedError if it is gone."""
        found = self._find(number)
        if found is None:
            raise RefusedError(_GONE)
        return found

    def drop(self, numbers: Iterable[int]) -> None:
        """Release the objects with these numbers, which the test has dropped."""
        for number in numbers:
            if number not in self._kept:
                continue
            try:
                self._dropped[number] = weakref.ref(self._kept[number])
            except TypeError:  # it has no weak references, so it stays
                continue
            del self._kept[number]

    def end(self, numbers: Iterable[int]) -> None:
        """Release the objects with these numbers, whose check has ended."""
        numbers = list(numbers)
        self.drop(numbers)
        for number in numbers:
            self._kept.pop(number, None)

    def _find(self, number: int) -> object:
        if number in self._kept:
            return self._kept[number]
        ref = self._dropped.get(number)
        return None if ref is None else ref()
