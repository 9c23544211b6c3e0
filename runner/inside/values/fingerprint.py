"""Fingerprints of encoded values, by which either side notices a change."""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from runner.inside.values.nodes import Node
from runner.wire.link import Buffer

# No larger value gets one: a comparison would take longer than a call.
_LARGEST: Final = 1024**2
# This many bytes of an array are hashed in the time of one character of JSON.
_SLOWER: Final = 16


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
