"""Prints of values, by which either side notices that a value has changed.

Of a container its items are kept, of an array a hash, so a print costs little memory.
"""

import hashlib
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values.codec import Encoder, Node
from runner.inside.values.fingerprint import quick_digest

CONTAINERS: Final = (list, deque, dict, SimpleNamespace)
ATOMS: Final = (int, float, complex, str, bytes, bool, type(None))
# An array up to this size is hashed as it is, which is faster than by its node.
SMALL: Final = 32 * 1024


@dataclass(frozen=True)
class Print:
    """What is compared of a value: its size, its parts, and a hash or a copy of it.

    The size of a network stands for the modes of its layers.
    """

    size: object
    parts: tuple[object, ...]
    content: Any = None


def print_of(value: Any) -> Print | None:
    """Return the value's print, or None for a value that is not compared.

    Raises MemoryError.
    """
    try:
        if isinstance(value, CONTAINERS):
            parts = tuple(parts_of(value))
            return Print(len(parts), parts)
        return Print(*_whole(value))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - a student's code may have left anything in it
        return None


def _whole(value: Any) -> tuple[object, tuple[object, ...], Any]:
    """Return the print of a value that is compared as a whole. Raises for an object."""
    if isinstance(value, torch.nn.Module):
        modes = [(name, layer.training) for name, layer in value.named_modules()]
        return modes, tuple(_weights(value)), None
    if isinstance(value, set):
        return len(value), (), frozenset(value)
    if isinstance(value, torch.Tensor):
        # Its gradient is not part of its value.
        kind = value.shape, value.dtype, value.stride()
        return kind, (), _bytes_digest(value) or _digest(value.detach())
    is_array = type(value) is np.ndarray and not value.dtype.hasobject
    if is_array and value.nbytes <= SMALL:
        return (value.shape, value.dtype, value.strides), (), _hash(value.tobytes())
    return getattr(value, "shape", None), (), _digest(value)


def parts_of(value: Any) -> Iterator[object]:
    """Yield the items of a container, of a dictionary its keys and values in turn."""
    if isinstance(value, SimpleNamespace):
        value = vars(value)
    if isinstance(value, dict):
        # Each has an order of its own.
        kind = OrderedDict if isinstance(value, OrderedDict) else dict
        for pair in kind.items(value):
            yield from pair
    else:
        yield from value


def _weights(module: torch.nn.Module) -> Iterator[object]:
    """Yield the names of a network's weights, and hashes of them."""
    for name, tensor in module.state_dict().items():
        yield name
        yield _digest(tensor.detach())


def _bytes_digest(tensor: torch.Tensor) -> bytes:
    """Return a hash of a small plain tensor's bytes, or b"" for others."""
    is_plain = tensor.layout is torch.strided and tensor.device.type == "cpu"
    if not is_plain or tensor.is_quantized or tensor.is_conj() or tensor.is_neg():
        return b""
    if not 0 < tensor.nbytes <= SMALL:
        return b""
    flat = tensor.detach().reshape(-1).view(torch.uint8)
    return _hash(flat.numpy().tobytes())


def _hash(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


def _digest(value: Any) -> bytes:
    """Return a hash of the encoded value. Raises CodecError for an object."""
    encoder = Encoder(_refer)
    encoder.sends_missing = True
    node = encoder.encode(value)
    return quick_digest(node, encoder.buffers)


def _refer(value: object, _: Encoder) -> Node:
    return {"k": "object", "v": id(value)}


def are_same(one: Print, other: Print) -> bool:
    """Return whether the two prints are of equal values."""
    if one.size != other.size or len(one.parts) != len(other.parts):
        return False
    return one.content == other.content and all(map(_is_same, one.parts, other.parts))


def _is_same(one: Any, other: Any) -> bool:
    """Return whether two parts are one object, or equal ones."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, ATOMS):
        return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if isinstance(one, torch.Tensor | np.ndarray | np.generic):
        before, now = print_of(one), print_of(other)
        return before is not None and now is not None and are_same(before, now)
    return False
