"""Long texts, and many numbers or texts at once, as bytes beside the tree.

A text of a book or the tokens of a corpus is longer than the tree of a message may be.
Its bytes are a buffer of the message instead, and count as bytes do.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import Any, Final

import numpy as np

from runner.inside.values.nodes import (
    CodecError,
    DecoderBase,
    EncoderBase,
    Node,
    list_of,
)

# A longer text is a buffer of the message.
_LONG: Final = 1000
# At least so many values are packed.
_MANY: Final = 32
# Tuples with more items than this are not packed.
_WIDTH: Final = 16
_SMALL: Final = 2**63
_LENGTH: Final = np.dtype("<u4")
_NUMBERS: Final[Mapping[type, str]] = {float: "<f8", int: "<i8", bool: "|b1"}
# The memory that a text or a tuple takes besides its content, which counts as bytes.
_OBJECT: Final = 64
# More keys than this are not packed. Numbers can be chosen so that a dictionary takes a
# time that grows with the square of their number, although their hashes differ. So there
# are no more than structure has room for.
_KEYS: Final = 2**17
_ENCODING: Final = ("utf-8", "surrogatepass")
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
    return str(decoder.bytes_of(node), *_ENCODING)


# --- Many values -----------------------------------------------------------------


def many_of(encoder: EncoderBase, kind: str, items: Any, depth: int) -> dict[str, Any]:
    """Return the node of a collection: its items as bytes if they can be packed."""
    layout = _layout(encoder, items)
    if not layout:
        return encoder.many(kind, items, depth)
    return {"k": kind, **_packed(encoder, layout, items)}


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
    columns = pairs.keys(), pairs.values()
    layouts = [_layout(encoder, one) for one in columns]
    if not all(layouts):
        return None
    return [
        _packed(encoder, layout, one)
        for layout, one in zip(layouts, columns, strict=True)
    ]


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


def _layout(encoder: EncoderBase, items: Any) -> str | list[str]:
    """Return how the values are packed, or "" for those that are not.

    They are numbers of one kind, texts, or tuples of one length that hold such values.
    """
    if len(items) < _MANY or not encoder.has_room:
        return ""
    if set(map(type, items)) != {tuple}:
        return _name(items)
    widths = set(map(len, items))
    if len(widths) > 1 or not 0 < max(widths) <= _WIDTH:
        return ""
    names = [_name(column) for column in zip(*items, strict=True)]
    return names if all(names) else ""


def _name(items: Collection[Any]) -> str:
    """Return how values of one kind are packed, or ""."""
    kinds = set(map(type, items))
    if len(kinds) != 1:
        return ""
    (kind,) = kinds
    if kind is str:
        return "text"
    if kind is int and not (min(items) >= -_SMALL and max(items) < _SMALL):
        return ""
    return _NUMBERS.get(kind, "")


def _packed(
    encoder: EncoderBase, layout: str | list[str], items: Any
) -> dict[str, Any]:
    """Return the part of a node that holds the values as bytes."""
    if isinstance(layout, str):
        return _column(encoder, layout, list(items))
    encoder.bytes += _OBJECT * len(items)
    columns = zip(*items, strict=True)
    parts = [_column(encoder, *one) for one in zip(layout, columns, strict=True)]
    return {"d": "tuple", "n": len(items), "v": parts}


def _column(encoder: EncoderBase, name: str, items: Sequence[Any]) -> dict[str, Any]:
    if name != "text":
        return {"d": name, "b": encoder.add(np.array(items, dtype=name))}
    text = "".join(items)
    encoder.check_text(text)
    lengths = np.fromiter(map(len, items), dtype=_LENGTH, count=len(items))
    encoder.bytes += _OBJECT * len(items)
    data = lengths.tobytes() + text.encode(*_ENCODING)
    return {"d": name, "n": len(items), "b": encoder.add(data)}


def _unpacked(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    """Return the values of a packed node."""
    if node["d"] != "tuple":
        return _values(decoder, node)
    count = _count_of(decoder, node)
    columns = [_values(decoder, one) for one in list_of(node, "v")]
    if not columns or any(len(one) != count for one in columns):
        raise CodecError("columns of other lengths")
    return list(zip(*columns, strict=True))


def _values(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    name = node["d"]
    if name == "text":
        return _texts(decoder, node)
    if name not in _NUMBERS.values():
        raise CodecError("not numbers")
    raw = decoder.bytes_of(node)
    # A byte other than 0 and 1 would be neither true nor false.
    is_truth = name == "|b1"
    found: Any = (
        np.frombuffer(raw, dtype="|u1") != 0 if is_truth else np.frombuffer(raw, name)
    )
    items: list[Any] = found.tolist()
    return items


def _texts(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    count, raw = _count_of(decoder, node), decoder.bytes_of(node)
    start = count * _LENGTH.itemsize
    if start > raw.nbytes:
        raise CodecError("not texts")
    ends = list(
        accumulate(np.frombuffer(raw[:start], dtype=_LENGTH).tolist(), initial=0)
    )
    text = str(raw[start:], *_ENCODING)
    if ends[-1] != len(text):
        raise CodecError("texts of other lengths")
    return [text[first:last] for first, last in pairwise(ends)]


def _count_of(decoder: DecoderBase, node: Mapping[str, Any]) -> int:
    """Return how many objects the node holds, and count the memory that they take."""
    count: int = node["n"]
    if type(count) is not int or count < 0:
        raise CodecError("not a number of values")
    decoder.count_bytes(_OBJECT * count)
    return count
