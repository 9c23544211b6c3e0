"""What a value takes, and whether the notebook's objects still hold it or its memory."""

import math
import sys
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values.prints import SMALL

# The references to an object of one owner: its own, one of a name here, and the question's.
_OWNED: Final = 3
# The users of a tensor's memory: the tensor, and the question.
_USED: Final = 2
# The time of a comparison, in microseconds: of a part of a container, of a small array,
# of one that is hashed by its node, and of so many bytes of it.
_PART: Final = 0.05
_SMALL_ARRAY: Final = 10.0
_HASHED: Final = 50.0
_BYTES: Final = 5000
_REFERENCE: Final = 8


def is_held(value: Any) -> bool:
    """Return whether others than one owner refer to the value or its memory.

    A view or a parameter holds the memory alone.
    """
    return sys.getrefcount(value) > _OWNED or any(_held_parts(value))


def _held_parts(value: Any) -> Iterator[bool]:
    """Yield whether others hold the memory of a value, for each part that has some."""
    if isinstance(value, torch.nn.Module):
        for tensor in [*value.parameters(), *value.buffers()]:
            yield sys.getrefcount(tensor) > 1 + _OWNED  # one more for the list
            yield from _held_parts(tensor)
    elif isinstance(value, torch.Tensor):
        if value.layout is torch.strided:
            yield torch._C._storage_Use_Count(value.untyped_storage()._cdata) > _USED  # noqa: SLF001 - it has no other name
    elif isinstance(value, np.ndarray):
        base = value.base
        while isinstance(base, np.ndarray):
            yield sys.getrefcount(base) > _OWNED
            base = base.base


def bytes_in(value: Any) -> int:
    """Return about how many bytes the value takes."""
    if isinstance(value, torch.nn.Module):
        return sum(one.nbytes for one in value.parameters())
    if isinstance(value, torch.Tensor | np.ndarray):
        return int(value.nbytes)
    return _REFERENCE * _count(value)


def cost_of(value: Any) -> float:
    """Return about how long a comparison of the value takes, in microseconds."""
    if isinstance(value, torch.nn.Module):
        return sum(map(cost_of, value.state_dict().values()))
    if isinstance(value, torch.Tensor | np.ndarray):
        is_small = value.nbytes <= SMALL
        return _SMALL_ARRAY if is_small else _HASHED + value.nbytes / _BYTES
    return 1 + _PART * _count(value)


def _count(value: Any) -> int:
    shape = getattr(value, "shape", None)
    if shape:
        return math.prod(shape)
    return len(value) if hasattr(value, "__len__") else 0
