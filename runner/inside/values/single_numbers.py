"""Integers and floats. Those of JSON stand for themselves."""

import math
from collections.abc import Mapping
from typing import Any, Final

from runner.inside.values.missing_numbers import name_of as nan_name
from runner.inside.values.missing_numbers import named as named_nan
from runner.inside.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
)

_SMALL: Final = 2**63
_DIGITS: Final = 4000


def is_small(number: int) -> bool:
    """Return whether the integer may stand for itself."""
    return -_SMALL < number < _SMALL


def encode_int(encoder: EncoderBase, value: Any, _depth: int) -> Node:
    """Return the node of an integer."""
    number = int.__index__(value)
    if is_small(number):
        return number
    bits = number.bit_length()
    if bits > _DIGITS * 3:  # as text it would take a time that grows with the square
        data = number.to_bytes(bits // 8 + 1, "little", signed=True)
        return {"k": "int", "b": encoder.add(data)}
    return {"k": "int", "v": encoder.text(str(number))}


def encode_float(_: EncoderBase, value: Any, _depth: int) -> Node:
    """Return the node of a float."""
    number = float.__float__(value)
    if math.isfinite(number):
        return number
    node = {"k": "float", "v": repr(number)}
    name = nan_name(number)
    return {**node, "nan": name} if name else node


def _decode_int(decoder: DecoderBase, node: Mapping[str, Any], _depth: int) -> int:
    if "b" in node:
        return int.from_bytes(decoder.bytes_of(node), "little", signed=True)
    if len(node["v"]) > _DIGITS:
        raise CodecError("an integer with too many digits")
    decoder.size += len(node["v"])
    return int(node["v"])


def _decode_float(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> float:
    if node["v"] not in ("nan", "inf", "-inf"):
        raise CodecError("an invalid float")
    if "nan" in node and node["v"] == "nan":
        return named_nan(node)
    return float(node["v"])


ENCODERS: Final[Mapping[type, Encode]] = {int: encode_int, float: encode_float}
DECODERS: Final[Mapping[str, Decode]] = {"int": _decode_int, "float": _decode_float}
