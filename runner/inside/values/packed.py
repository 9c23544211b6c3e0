"""Long texts, and many numbers or texts at once, as bytes beside the tree.

A text of a book or the tokens of a corpus is longer than the tree of a message may be.
Its bytes are a buffer of the message instead, and count as bytes do.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from runner.inside.values import flat_columns
from runner.inside.values.flat_columns import (
    ENCODING,
    OBJECT,
    Column,
    Write,
    count_of,
    writer,
)
from runner.inside.values.nodes import (
    CodecError,
    DecoderBase,
    EncoderBase,
    Node,
    list_of,
)

# A longer text is a buffer of the message.
_LONG: Final = 1000
# Fewer values than this are not packed.
_MANY: Final = 32
# Tuples with more items than this are not packed.
_WIDTH: Final = 16
# More keys than this are not packed. Numbers can be chosen so that a dictionary takes a
# time that grows with the square of their number, although their hashes differ. So no
# more are packed than a message could hold unpacked.
_KEYS: Final = 2**17
# JSON makes one character of two halves of a surrogate pair.
_TWO_HALVES: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")


# --- Texts -----------------------------------------------------------------------


def encode_text(encoder: EncoderBase, value: Any, _depth: int) -> Node:
    """Return the text itself, or the node that names its buffer."""
    text = str.__str__(value)
    is_long = len(text) > _LONG and encoder.has_room
    if not is_long and (text.isascii() or not _TWO_HALVES.search(text)):
        return encoder.text(text)
    encoder.check_text(text)
    return {"k": "text", "b": encoder.add_text(text)}


def decode_text(decoder: DecoderBase, node: Mapping[str, Any], _depth: int) -> str:
    """Return a long text."""
    return str(decoder.bytes_of(node), *ENCODING)


# --- Many values -----------------------------------------------------------------


def many_of(encoder: EncoderBase, kind: str, items: Any, depth: int) -> dict[str, Any]:
    """Return the node of a collection: its items as bytes if they can be packed."""
    write = _writer(encoder, items)
    if write is None:
        return encoder.many(kind, items, depth)
    return {"k": kind, **write()}


def keys_of(encoder: EncoderBase, kind: str, keys: Any, depth: int) -> dict[str, Any]:
    """Return the node of a set."""
    if len(keys) > _KEYS:
        return encoder.many(kind, keys, depth)
    return many_of(encoder, kind, keys, depth)


def packed_pairs(
    encoder: EncoderBase, pairs: Mapping[Any, Any]
) -> list[dict[str, Any]] | None:
    """Return the keys and the values of a dictionary, packed, or None for others."""
    if len(pairs) > _KEYS:
        return None
    keys, values = (_writer(encoder, one) for one in (pairs.keys(), pairs.values()))
    if keys is None or values is None:
        return None
    return [keys(), values()]


def items_of(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> list[Any]:
    """Return the items in a collection's node."""
    return _unpacked(decoder, node) if "d" in node else decoder.many(node, depth)


def pairs_of(
    decoder: DecoderBase, node: Mapping[str, Any], depth: int
) -> list[tuple[Any, Any]]:
    """Return the keys with their values in a dictionary's node."""
    if "c" not in node:
        return [
            (decoder.decode(key, depth + 1), decoder.decode(item, depth + 1))
            for key, item in list_of(node, "v")
        ]
    keys, values = (_unpacked(decoder, one) for one in list_of(node, "c"))
    check_number(keys)
    return list(zip(keys, values, strict=True))


def check_number(keys: Sequence[Any]) -> None:
    """Raise CodecError for more keys than are packed."""
    if len(keys) > _KEYS:
        raise CodecError("too many keys")


def _writer(encoder: EncoderBase, items: Any) -> Write | None:
    """Return a function that writes the values as bytes, or None if it cannot.

    They are a column (`flat_columns`), or tuples of one length that hold columns.
    """
    if len(items) < _MANY or not encoder.has_room:
        return None
    if set(map(type, items)) != {tuple}:
        return writer(encoder, items)
    widths = set(map(len, items))
    if len(widths) > 1 or not 0 < max(widths) <= _WIDTH:
        return None
    writers = []
    for column in zip(*items, strict=True):
        write = writer(encoder, column)
        if write is None:
            return None
        writers.append(write)

    def write_all() -> Column:
        encoder.bytes += OBJECT * len(items)
        return {"d": "tuple", "n": len(items), "v": [write() for write in writers]}

    return write_all


def _unpacked(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    """Return the values of a packed node."""
    if node["d"] != "tuple":
        return flat_columns.items_of(decoder, node)
    count = count_of(decoder, node)
    columns = [flat_columns.items_of(decoder, one) for one in list_of(node, "v")]
    if not columns or any(len(one) != count for one in columns):
        raise CodecError("columns of different lengths")
    return list(zip(*columns, strict=True))
