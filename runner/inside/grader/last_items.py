"""The last item of an iterator, in case the iterator gives the same object again.

A generator that yields one list again and again, and changes it, must give a test one
list. A copy for each item would hide the mistake.
"""

from collections import deque
from typing import Any, Final

import numpy as np
import torch

_NONE: Final = object()


class LastItem:
    """The last item of an iterator, and the step at which the test got it.

    SECURITY: it is the snapshot that says that an item is the previous one again. The
    previous one is changed only if no code of the student's has run in between, which
    could have learned what is expected of the item.
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
        """Return the object that the test gets for an item.

        `is_same` says whether the item is the previous one again, for a tuple of each
        of its parts. `steps` is how many times the student's code has run, and `was`
        how many times it had run before this item was asked for.
        """
        if was == self._steps and self._item is not _NONE:
            item = _changed(self._item, item, is_same)
        self._item, self._steps = item, steps
        return item


def _changed(old: Any, new: Any, is_same: object) -> Any:
    """Return the old object with the new one's content, if it is the same object."""
    if isinstance(is_same, list) and type(old) is type(new) is tuple:
        parts = zip(old, new, is_same, strict=False)
        if len(old) == len(new) == len(is_same):
            return tuple(_changed(*part) for part in parts)
    if is_same is True and type(old) is type(new):
        return old if _replace_content(old, new) else new
    return new


def _replace_content(old: Any, new: Any) -> bool:
    """Give the old object the new one's content. Return whether that was possible."""
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
            except RuntimeError:  # some of its items share memory
                return False
        case _:
            return False
    return True
