"""Loops of a test over an object of the notebook's, which may end early.

A test that takes one batch of a loader should not wait for a whole epoch. So the items
come in steps. They stay the object's first items: another loop begins with the same
ones, and goes on where the last step ended.

SECURITY: while a test is still in such a loop, all other items are taken before any other
code of the student's runs. So they do not depend on what the test does with the first.
"""

import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from runner.inside.grader.answers import NotDataError
from runner.inside.values.codec import CodecError

_MAX_ITEMS: Final = 100_000
# What an object is asked for: its other items, as the loop in the snapshot gives them.
More = Callable[[], object]
# All items, and the length that the object gives for itself, or None.
OnEnd = Callable[["FirstItems", int | None], None]


class Lengths(Protocol):
    """What is known of the object that a loop goes over."""

    def check_least(self, count: int) -> None:
        """Raise NotDataError if the object is known to have fewer items."""


class FirstItems:
    """The items of one object that have been taken so far."""

    def __init__(
        self,
        label: str,
        items: list[Any],
        more: More,
        known: Lengths,
        on_end: OnEnd,
        *,
        has_ended: bool = False,
    ) -> None:
        self._label = label
        self.items = items
        self._more = more
        self._known = known
        self._on_end = on_end
        self.has_ended = has_ended

    def has(self, place: int) -> bool:
        """Return whether there is an item at that place. Take more if necessary."""
        while place >= len(self.items) and not self.has_ended:
            self._step()
        return place < len(self.items)

    def finish(self) -> None:
        """Take all other items. Raises NotDataError for an error of the student's.

        It would otherwise arise where a test does something else.
        """
        try:
            while not self.has_ended:
                self._step()
        except NotDataError:
            raise
        except Exception as error:
            raise NotDataError(
                f"{self._label} raised an error when its other items were taken: all items "
                "of a loop are taken before the test calls the notebook again"
            ) from error

    def _step(self) -> None:
        match self._more():
            case [list() as items, ([] | [None | int()]) as end] if items or end:
                self.items += items
            case _:
                raise CodecError("the student's process sent invalid items")
        if len(self.items) > _MAX_ITEMS:
            raise NotDataError(
                f"{self._label} has more than {_MAX_ITEMS:,} items: a test can loop over "
                "no more"
            )
        self._known.check_least(len(self.items))
        if end:
            self.has_ended = True
            self._on_end(self, end[0])


class Loop:
    """The iterator over an object's items that a test gets."""

    def __init__(self, first: FirstItems) -> None:
        self._first = first
        self._place = 0

    def __iter__(self) -> "Loop":
        return self

    def __next__(self) -> Any:
        if not self._first.has(self._place):
            raise StopIteration
        self._place += 1
        return self._first.items[self._place - 1]

    def finish(self) -> None:
        """Take all items that have not been taken."""
        self._first.finish()


class Loops:
    """The loops that a test has begun in this check, and has not left."""

    def __init__(self) -> None:
        self._begun: list[weakref.ref[Loop]] = []

    def begin(self, first: FirstItems) -> Loop:
        """Return a new loop over the items."""
        loop = Loop(first)
        self._begun.append(weakref.ref(loop))
        return loop

    def finish(self) -> None:
        """Take the items of all loops that the test is still in."""
        begun, self._begun = self._begun, []
        for ref in begun:
            loop = ref()
            if loop is not None:
                loop.finish()
