"""Loops of a test over an object of the notebook's, which may end early.

A test that takes one batch of a loader should not wait for a whole epoch. So the items
come in steps. They stay the object's first items: another loop begins with the same
ones, and goes on where the last step ended. What stops the items, an error of the
student's or a limit, is kept like an item: it is raised where a loop gets there.

SECURITY: while a test is still in such a loop, all other items are taken before any other
code of the student's runs. So they do not depend on what the test does with the first.
The snapshot sees how far a test goes. It could always see that, by an iterator.
"""

import weakref
from collections.abc import Callable
from typing import Any, Final, Protocol

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.last_items import LastItem
from runner.inside.values.codec import CodecError

_MAX_ITEMS: Final = 100_000
_WORDS: Final = 500
# All items, and the length that the object gives for itself, or None.
OnEnd = Callable[["FirstItems", int | None], None]


class Source(Protocol):
    """An object of the snapshot that a loop goes over."""

    @property
    def steps(self) -> int:
        """How many times the student's code has run."""

    def begin(self) -> object:
        """Return a new loop with its first items, as `loop_steps.begin` gives them."""

    def more(self, loop: Any) -> object:
        """Return the loop's next items, or an error of the student's that stops it."""


class Lengths(Protocol):
    """What is known of the object that a loop goes over."""

    def check_least(self, count: int) -> None:
        """Raise NotDataError if the object is known to have fewer items."""


class Again(Protocol):
    """Another loop over the object, in a check that compares two readings of it."""

    def check(self, place: int) -> None:
        """Compare the item at that place with the first one."""


class FirstItems:
    """The items of one object that have been taken so far.

    `on_items` is called with the items that have been taken.
    """

    def __init__(
        self,
        label: str,
        source: Source,
        known: Lengths,
        on_end: OnEnd,
        on_items: Callable[[list[Any]], None],
    ) -> None:
        self._label = label
        self.items: list[Any] = []
        # The loops that the test is still in.
        self.loops: weakref.WeakSet[Loop] = weakref.WeakSet()
        self._source = source
        self._loop: Any = None
        self._known = known
        self._on_end = on_end
        self._on_items = on_items
        self._last = LastItem()
        self._error: BaseException | None = None
        self._refusal = ""
        self._has_ended = False

    def begin(self, loop: Any, items: list[Any], end: object) -> None:
        """Take the first items. The loop in the snapshot gives the others."""
        self._loop = loop
        self._take(items, end, None, -1)

    def has(self, place: int) -> bool:
        """Return whether there is an item at that place. Take more if necessary.

        Raises what stops the items before that place.
        """
        is_there = place < len(self.up_to(place))
        if not is_there and self._error is not None:
            raise self._error
        if not is_there and self._refusal:
            raise NotDataError(self._refusal)
        return is_there

    def up_to(self, place: int) -> list[Any]:
        """Return the items, with that at the place if there is one."""
        while place >= len(self.items) and not self._is_over:
            self._step()
        return self.items

    def finish(self) -> None:
        """Take all other items, and keep what stops them for its place."""
        while not self._is_over:
            self._step(is_asked=False)

    @property
    def _is_over(self) -> bool:
        return self._has_ended or bool(self._refusal) or self._error is not None

    def take_whole(self) -> None:
        """Take all other items. Raises NotDataError if something stops them.

        It would otherwise arise where a test does something else.
        """
        self.finish()
        if self._error is not None:
            raise NotDataError(
                f"{self._label} raised an error when its other items were taken: all items "
                "of a loop are taken before the test asks for an item"
            ) from self._error
        if self._refusal:
            raise NotDataError(self._refusal)

    def _step(self, *, is_asked: bool = True) -> None:
        """Take the next items. If not `is_asked`, the test still uses those before."""
        was = self._source.steps
        match self._source.more(self._loop):
            case [list() as items, end, same] if items or end:
                self._take(items, end, same if is_asked else None, was)
            case BaseException() as error:
                self._error = error
            case _:
                raise CodecError("the student's process sent invalid items")

    def _take(self, items: list[Any], end: object, same: object, was: int) -> None:
        """Add items, and what follows them. `same` is of the first, for `LastItem`."""
        steps = self._source.steps
        if items:
            items[0] = self._last.give(items[0], same, steps=steps, was=was)
            self._last.give(items[-1], steps=steps, was=was)
        self.items += items
        if len(self.items) > _MAX_ITEMS:
            raise NotDataError(
                f"{self._label} has more than {_MAX_ITEMS:,} items: a test can loop over "
                "no more"
            )
        self._known.check_least(len(self.items))
        self._on_items(items)
        match end:
            case []:
                return
            case [(None | int()) as length]:
                self._has_ended = True
                self._loop = None  # the snapshot may release it
                self._on_end(self, length)
            case str():
                self._refusal = end[:_WORDS]
            case _:
                raise CodecError("the student's process sent invalid items")


class Loop:
    """The iterator over an object's items that a test gets."""

    def __init__(self, first: FirstItems, again: Again | None) -> None:
        self._first = first
        first.loops.add(self)
        self._again = again
        self._place = 0

    def __iter__(self) -> "Loop":
        return self

    def __next__(self) -> Any:
        is_there = self._first.has(self._place)
        if self._again is not None:
            self._again.check(self._place)
        if not is_there:
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

    def begin(self, first: FirstItems, again: Again | None) -> Loop:
        """Return a new loop over the items. `again` compares what it gives."""
        loop = Loop(first, again)
        self._begun.append(weakref.ref(loop))
        return loop

    def finish(self) -> None:
        """Take the items of all loops that the test is still in."""
        begun, self._begun = self._begun, []
        for ref in begun:
            loop = ref()
            if loop is not None:
                loop.finish()
