"""Loops over an object of the notebook's, in steps that a grader asks for.

A test that takes one batch of a loader should not wait for a whole epoch, and what comes
after the items that it asks for is no concern of it: an error of a later item, or a loop
that never ends. So a step never gives much more than the test has asked for.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.inside.student import sent_items
from runner.inside.values.codec import Encoder, Node, RefusedError
from runner.wire.link import MAX_ANSWER_BYTES

# A step gives one item, later a quarter of the items that the test has asked for so far.
_SHARE: Final = 4
# It ends early after this time or with this size. Neither decides what the test gets.
_SECONDS: Final = 0.25
_BYTES: Final = 16 * 2**20
_MAX_ITEMS: Final = 100_000
_TOO_MANY: Final = f"a test can loop over {_MAX_ITEMS:,} items at most"
_TOO_LARGE: Final = (
    "the items are too large to be sent: use less data, or take only the first items, "
    "with `next(iter(x))` or `break`"
)


class BegunLoop:
    """A loop that has given its first items and can go on.

    Whatever stops it (an error, too many items) stops it for good, and is told only when
    the test asks for the item at that place. If it gives one object again and again,
    which it may change, each step gives one item.
    """

    def __init__(self, value: Any, iterator: Iterator[object]) -> None:
        self._value = value
        self._iterator = iterator
        self._taken: list[object] = []  # items that could not be sent with those before
        self._given = self._bytes = 0
        self._error: BaseException | None = None
        self._refusal = ""
        self._has_ended = False
        self._before: object = None
        self._repeats = False

    def step(self) -> "Step":
        """Return the next items, or what stops the loop. Raises an error of its own."""
        found, self._taken = self._taken, []
        if not found:
            found = self._next_items()
        if not (found or self._refusal) and self._error is not None:
            raise self._error
        self._given += len(found)
        same = bool(found) and sent_items.is_same(found[0], self._before)
        self._repeats |= same is not False
        return Step(self, found, same)

    def go_on_after(self, item: object) -> None:
        """Note the last item that the grader is sent."""
        self._before = item

    def _next_items(self) -> list[object]:
        found: list[object] = []
        size, most = 0, 1 if self._repeats else max(1, self._given // _SHARE)
        end = time.monotonic() + _SECONDS
        while len(found) < most and not self._is_stopped:
            try:
                item = next(self._iterator)
            except StopIteration:
                self._has_ended = True
                break
            except BaseException as error:  # noqa: BLE001 - a student's code may raise anything
                self._error = error
                break
            if not self._has_room(item, len(found)):
                break
            found.append(item)
            size += _size(item)
            if size >= _BYTES or time.monotonic() >= end:
                break
        return found

    def _has_room(self, item: object, found: int) -> bool:
        """Stop the loop before an item with which there are too many, or too large ones."""
        self._bytes += _size(item)
        if self._given + found >= _MAX_ITEMS:
            self._error = TypeError(_TOO_MANY)
        elif self._bytes > MAX_ANSWER_BYTES:
            self._refusal = _TOO_LARGE
        return not self._is_stopped

    @property
    def _is_stopped(self) -> bool:
        return self._has_ended or bool(self._refusal) or self._error is not None

    def take_back(self, items: list[object]) -> None:
        """Keep these last items of a step for the next one."""
        self._taken = [*items, *self._taken]
        self._given -= len(items)

    def stop(self, error: Exception) -> None:
        """Stop the loop before the next item, which cannot be sent."""
        self._taken.clear()
        self._error, self._refusal = error, ""
        if isinstance(error, RefusedError):
            self._refusal = str(error)

    def end(self) -> object:
        """Return what follows the items given so far.

        It is an empty list if there may be more (or an error), at the end a list with
        the length that the object gives for itself or None, and text if no more can be
        sent.
        """
        if self._taken:
            return []
        if self._refusal:
            return self._refusal
        return [self._length()] if self._has_ended else []

    def _length(self) -> int | None:
        try:
            return sent_items.length_of(self._value)
        except Exception:  # noqa: BLE001 - a loop does not ask for the length
            return None


class Step:
    """Some items of a loop, which are sent together if they can be.

    `same` says whether the first of them is the one before it again.
    """

    def __init__(
        self,
        loop: BegunLoop,
        items: list[object],
        same: bool | list[bool] = False,  # noqa: FBT001, FBT002 - as `is_same` gives it
    ) -> None:
        self._loop = loop
        self._items = items
        self._same = same
        self.is_first = False

    def encoded(self, make: sent_items.EncoderMaker) -> tuple[Node, Encoder]:
        """Return the node that the grader is sent, with as many items as fit.

        Raises the error of an item that cannot be sent, if no item comes before it.
        """
        while True:
            encoder = make()
            try:
                node = encoder.encode(self._answer())
            except Exception as error:
                if not self._can_shorten(error):
                    raise
            else:
                self._loop.go_on_after(self._items[-1] if self._items else None)
                return node, encoder

    def _answer(self) -> object:
        told = [self._items, self._loop.end()]
        return [self._loop, *told] if self.is_first else [*told, self._same]

    def _can_shorten(self, error: Exception) -> bool:
        """Keep the second half for later. Return whether something is left to be sent.

        An item that cannot be sent alone stops the loop before it.
        """
        if not self._items:
            return False
        half = len(self._items) // 2
        self._loop.take_back(self._items[half:])
        del self._items[half:]
        if half == 0:
            self._loop.stop(error)
        return half > 0 or self.is_first or isinstance(error, RefusedError)


def begin(value: Any) -> object:
    """Return None for an iterator, all items of a mapping as `sent_items.items`, or a loop.

    The loop comes with its first item, unless an error arises instead of it.
    """
    iterator = iter(value)
    if iterator is value:
        return None
    if hasattr(type(value), "keys"):
        return sent_items.items(value)
    loop = BegunLoop(value, iterator)
    try:
        step = loop.step()
    except Exception:  # noqa: BLE001 - it is raised where the test asks for the item
        step = Step(loop, [])
    step.is_first = True
    return step


def more(loop: BegunLoop) -> Step:
    """Return the next items, and what follows them."""
    return loop.step()


def _size(item: object) -> int:
    """Return the bytes of the arrays in an item."""
    if isinstance(item, torch.Tensor | np.ndarray):
        return int(item.nbytes)
    if isinstance(item, dict):
        item = list(dict.values(item))
    if isinstance(item, list | tuple):
        return sum(map(_size, item))
    return 0


OPERATIONS: Final[Mapping[str, Callable[..., object]]] = {"begin": begin, "more": more}
