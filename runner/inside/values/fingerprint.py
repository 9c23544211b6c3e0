"""Fingerprints of encoded values, by which either side notices a change."""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

import numpy as np

from runner.inside.values.nodes import Node
from runner.wire.link import Buffer

# No larger value gets one: a comparison would take longer than a call.
_LARGEST: Final = 1024**2
# This many bytes of an array are hashed in the time of one character of JSON.
_SLOWER: Final = 16


# Odd numbers, by which the words of a buffer are multiplied before they are added up.
_FACTORS: Final = np.random.default_rng(1).integers(
    2**63, size=1 << 15, dtype=np.uint64
) * np.uint64(2) + np.uint64(1)
_WORD: Final = 8


@dataclass(frozen=True)
class Fingerprint:
    """The digest, and the cost of making it, in bytes of an array."""

    digest: bytes
    cost: int


def fingerprint(node: Node, buffers: list[Buffer]) -> Fingerprint | None:
    """Return the fingerprint of an encoded value, or None if it is too large."""
    size = sum(buffer.nbytes for buffer in buffers)
    if size > _LARGEST:
        return None
    text = json.dumps(node).encode()
    if size + len(text) > _LARGEST:
        return None
    found = hashlib.blake2b(text, digest_size=16)
    for buffer in buffers:
        found.update(buffer)
    return Fingerprint(found.digest(), size + _SLOWER * len(text))


def quick_digest(node: Node, buffers: list[Buffer]) -> bytes:
    """Return a hash of an encoded value of any size, at the speed of a copy.

    It finds accidental changes. Two values with the same hash can be made on purpose.
    """
    found = hashlib.blake2b(json.dumps(node).encode(), digest_size=16)
    room = np.empty_like(_FACTORS)
    for buffer in buffers:
        if buffer.nbytes < _FACTORS.nbytes:
            found.update(buffer)
            continue
        whole = buffer.nbytes - buffer.nbytes % _WORD
        words = np.frombuffer(buffer[:whole], dtype=np.uint64)
        found.update(buffer[whole:])
        for start in range(0, len(words), len(_FACTORS)):
            part = words[start : start + len(_FACTORS)]
            count = len(part)
            np.multiply(part, _FACTORS[:count], out=room[:count])
            found.update(room[:count].sum().tobytes())
    return found.digest()
