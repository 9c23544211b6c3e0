"""The item that an iterator has given last, in case it gives the same object again.

A generator that yields one list over and over, and changes it, gives a test one list. A
copy of each item would hide the mistake.
"""

from collections import deque
from typing import Any, Final

import numpy as np
import torch

_NONE: Final = object()


class LastItem:
    """The last item of an iterator, and when the test got it.

    SECURITY: the snapshot says that an item is the one before it. That one is changed
    only if no code of the student's has run in between, which could have learned what is
    expected of it.
    """

    def __init__(self) -> None:
        self._item: Any = _NONE
        self._steps = -1

    def give(
        self,
        item: Any,
        is_same: object = None,
        *,
        steps: int,
        was: int,
    ) -> Any:
        """Return what the test gets for an item.

        `is_same` says whether the item is the one before it, for a tuple of each of its
        parts. `steps` is how many times the student's code has run, and `was` how many
        it had before this item was asked for.
        """
        if was == self._steps and self._item is not _NONE:
            item = _changed(self._item, item, is_same)
        self._item, self._steps = item, steps
        return item


def _changed(old: Any, new: Any, is_same: object) -> Any:
    """Return the older object with the newer's content, if it is the same object."""
    if isinstance(is_same, list) and type(old) is type(new) is tuple:
        parts = zip(old, new, is_same, strict=False)
        if len(old) == len(new) == len(is_same):
            return tuple(_changed(*part) for part in parts)
    if is_same is True and type(old) is type(new):
        return old if _take(old, new) else new
    return new


def _take(old: Any, new: Any) -> bool:
    """Give the older object the newer's content. Return whether that can be done."""
    match old:
        case list() | bytearray():
            old[:] = new
        case dict() | set():
            old.clear()
            old.update(new)
        case deque():
            old.clear()
            old.extend(new)
        case np.ndarray() if (old.dtype, old.shape) == (new.dtype, new.shape):
            if not old.flags.writeable:
                return False
            old[...] = new
        case torch.Tensor() if (old.dtype, old.shape) == (new.dtype, new.shape):
            try:
                with torch.no_grad():
                    old.copy_(new)
            except RuntimeError:  # some of its items share a place in memory
                return False
        case _:
            return False
    return True
