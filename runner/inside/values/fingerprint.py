"""A short mark of an encoded value, by which either side sees that it has changed."""

import hashlib
import json
from dataclasses import dataclass
from typing import Final

from runner.inside.values.nodes import Node
from runner.wire.link import Buffer

# A larger value is looked at once: to compare it would take longer than a call.
_LARGEST: Final = 1024**2
# So many bytes of an array are read in the time that a character of JSON takes.
_SLOWER: Final = 16


@dataclass(frozen=True)
class Fingerprint:
    """The mark, and what it costs to make, in bytes of an array."""

    digest: bytes
    cost: int


def fingerprint(node: Node, buffers: list[Buffer]) -> Fingerprint | None:
    """Return the mark of an encoded value, or None if it is too large."""
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
