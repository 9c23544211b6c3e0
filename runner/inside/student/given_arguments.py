"""The check whether the notebook's code has changed what a test has given to it.

It is made only for a test that looks at its own value afterwards, since it takes time.
What is compared of a container is its items, and of an array a hash.
"""

import math
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values.codec import Decoder, Encoder, Node
from runner.inside.values.fingerprint import quick_digest

_CONTAINERS: Final = (list, deque, dict, SimpleNamespace)
_ATOMS: Final = (int, float, complex, str, bytes, bool, type(None))
# What an object of the notebook's keeps is compared after each later call, if it is small.
_MOST_KEPT: Final = 16
_KEPT_BYTES: Final = 1024**2
# What `sys.getrefcount` returns for a value to which only this module refers.
_OURS: Final = 2


@dataclass(frozen=True)
class _Print:
    """What is compared of a value: its size, its parts, and a hash or a copy of it.

    The size of a network is its layers, and whether each is in training mode.
    """

    size: object
    parts: tuple[object, ...]
    content: Any = None


@dataclass
class _Given:
    """A value that came in a message, and its print as it came."""

    message: int
    number: int
    value: Any
    came: _Print


class GivenArguments:
    """The values of the present check that may still change."""

    def __init__(self) -> None:
        self._kept: list[_Given] = []

    def watch(self, message: object) -> "Watch":
        """Return a watch over one question; it does nothing if there is no number."""
        if type(message) is not int:
            return Watch(self, None)
        if message == 1:  # a new check
            self._kept.clear()
        return Watch(self, message)

    def kept(self) -> list[_Given]:
        """Return what an object of the notebook's still keeps of earlier messages."""
        self._kept = [one for one in self._kept if _is_held(one)][-_MOST_KEPT:]
        return self._kept

    def keep(self, given: list[_Given]) -> None:
        """Keep these values, which have not changed so far."""
        self._kept = given


class Watch:
    """The values that one question may change."""

    def __init__(self, owner: GivenArguments, message: int | None) -> None:
        self._owner = owner
        self._message = message
        self._given: list[_Given] = []

    def begin(self, decoder: Decoder) -> None:
        """Take the prints of what the question gives."""
        if self._message is None:
            return
        self._given = list(self._owner.kept())
        for number, value in decoder.numbered():
            came = _print_of(value)
            if came is not None:
                self._given.append(_Given(self._message, number, value, came))

    def told(self) -> dict[str, object]:
        """Return the header's fields: each changed value, and whether its size changed."""
        if not self._given:
            return {}
        changed, kept = [], []
        for one in self._given:
            now = _print_of(one.value)
            if now is None or _are_same(one.came, now):
                kept.append(one)
            else:
                is_resized = one.came.size != now.size
                changed.append([one.message, one.number, is_resized])
        self._owner.keep([one for one in kept if _is_small(one.value)])
        self._given = []
        return {"changed": changed} if changed else {}


def _is_held(one: _Given) -> bool:
    return sys.getrefcount(one.value) > _OURS


def _is_small(value: Any) -> bool:
    if isinstance(value, torch.nn.Module):
        return sum(one.nbytes for one in value.parameters()) <= _KEPT_BYTES
    if isinstance(value, torch.Tensor | np.ndarray):
        return value.nbytes <= _KEPT_BYTES
    shape = getattr(value, "shape", None)
    count = (
        math.prod(shape) if shape else len(value) if hasattr(value, "__len__") else 0
    )
    return 8 * count <= _KEPT_BYTES


def _print_of(value: Any) -> _Print | None:
    """Return the value's print, or None for a value that is not compared."""
    try:
        if isinstance(value, _CONTAINERS):
            parts = tuple(_parts(value))
            return _Print(len(parts), parts)
        return _Print(*_whole(value))
    except Exception:  # noqa: BLE001 - a student's code may have left anything in it
        return None


def _whole(value: Any) -> tuple[object, tuple[object, ...], Any]:
    """Return the print of a value that is compared as a whole. Raises for an object."""
    if isinstance(value, torch.nn.Module):
        modes = [(name, layer.training) for name, layer in value.named_modules()]
        return modes, tuple(_weights(value)), None
    if isinstance(value, set):
        return len(value), (), frozenset(value)
    if type(value).__module__.startswith("pandas."):
        return value.shape, (), value.copy()
    if isinstance(value, torch.Tensor):
        # Its gradient is not part of its value.
        return value.shape, (), _digest(value.detach())
    return getattr(value, "shape", None), (), _digest(value)


def _parts(value: Any) -> Iterator[object]:
    if isinstance(value, SimpleNamespace):
        value = vars(value)
    if isinstance(value, dict):
        for pair in dict.items(value):
            yield from pair
    else:
        yield from value


def _weights(module: torch.nn.Module) -> Iterator[object]:
    """Yield the names of a network's weights, and hashes of them."""
    for name, tensor in module.state_dict().items():
        yield name
        yield _digest(tensor.detach())


def _digest(value: Any) -> bytes:
    """Return a hash of the encoded value. Raises CodecError for an object."""
    encoder = Encoder(_refer)
    encoder.sends_missing = True
    node = encoder.encode(value)
    return quick_digest(node, encoder.buffers)


def _refer(value: object, _: Encoder) -> Node:
    return {"k": "object", "v": id(value)}


def _are_same(one: _Print, other: _Print) -> bool:
    if one.size != other.size or len(one.parts) != len(other.parts):
        return False
    if hasattr(one.content, "equals"):
        return bool(one.content.equals(other.content))
    return one.content == other.content and all(map(_is_same, one.parts, other.parts))


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two parts are one object, or equal ones."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, _ATOMS):
        return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, torch.Tensor | np.ndarray | np.generic):
        before, now = _print_of(one), _print_of(other)
        return before is not None and now is not None and _are_same(before, now)
    return False
