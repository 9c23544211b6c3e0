"""Loops over an object of the notebook's, in steps that a grader asks for.

A test that takes one batch of a loader should not wait for a whole epoch.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
import torch

from runner.inside.student import sent_items
from runner.inside.values.codec import RefusedError
from runner.wire.link import MAX_ANSWER_BYTES

# The first step's limits. Each step may take twice the time of the one before.
_SECONDS: Final = 0.25
_BYTES: Final = 16 * 2**20
_MAX_STEP_BYTES: Final = MAX_ANSWER_BYTES // 4
_MAX_ITEMS: Final = 100_000


class BegunLoop:
    """A loop that has given its first items and can go on."""

    def __init__(self, value: Any, iterator: Iterator[object]) -> None:
        self._value = value
        self._iterator = iterator
        self._seconds = _SECONDS
        self._step_bytes = _BYTES
        self._count = self._bytes = 0

    def step(self) -> tuple[list[object], bool]:
        """Return the next items (one or more, if any are left), and whether that is all."""
        found, before = [], self._bytes
        end = time.monotonic() + self._seconds
        for item in self._iterator:
            found.append(item)
            self._bytes += _size(item)
            self._count += 1
            if self._count > _MAX_ITEMS:
                raise TypeError(f"a test can loop over {_MAX_ITEMS:,} items at most")
            if self._bytes > MAX_ANSWER_BYTES:
                raise RefusedError(
                    "the items are too large to be sent: use less data, or take only "
                    "the first items, with `next(iter(x))` or `break`"
                )
            is_large = self._bytes - before >= self._step_bytes
            if is_large or time.monotonic() >= end:
                self._seconds *= 2
                self._step_bytes = min(2 * self._step_bytes, _MAX_STEP_BYTES)
                return found, False
        return found, True

    def length(self) -> int | None:
        """Return the length that the object gives for itself, or None."""
        return sent_items.length_of(self._value)


def begin(value: Any) -> object:
    """Return None for an iterator, all items as `sent_items.items`, or the first ones.

    With the first ones comes the loop, which gives the others.
    """
    iterator = iter(value)
    if iterator is value:
        return None
    if hasattr(type(value), "keys"):
        return sent_items.items(value)
    loop = BegunLoop(value, iterator)
    found, is_all = loop.step()
    return [found, loop.length(), False] if is_all else [loop, found]


def more(loop: BegunLoop) -> object:
    """Return the next items, and at the end a list with the object's length."""
    found, is_all = loop.step()
    return [found, [loop.length()] if is_all else []]


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
