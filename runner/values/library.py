"""Small values of Python's own library: fractions, decimals, dates, paths.

Only objects of these very classes cross. A subclass may mean more by them.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePath, PurePosixPath
from typing import Any, Final, NoReturn

from runner.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    exactly,
    text_of,
)

_ISO: Final = 40
_PATH: Final = 4096
# A test that turned a larger one into an integer would not come to an end.
_DECIMAL: Final = re.compile(
    r"-?([0-9]{1,999}(\.[0-9]{1,999})?(E[+-]?[0-9]{1,4})?|Infinity|NaN)"
)


def _fraction(encoder: EncoderBase, value: Any, depth: int) -> Node:
    parts = (value.numerator, value.denominator)
    return encoder.many("fraction", parts, depth)


def _decimal(_: EncoderBase, value: Any, _depth: int) -> Node:
    text = str(value)
    return {"k": "decimal", "v": text} if _DECIMAL.fullmatch(text) else None


def _moment(kind: str) -> Encode:
    def encode(_: EncoderBase, value: Any, _depth: int) -> Node:
        # A zone is more than its offset, which alone would be sent.
        zone = getattr(value, "tzinfo", None)
        is_plain = zone is None or type(zone) is timezone
        return {"k": kind, "v": value.isoformat()} if is_plain else None

    return encode


def _duration(encoder: EncoderBase, value: Any, depth: int) -> Node:
    parts = (value.days, value.seconds, value.microseconds)
    return encoder.many("timedelta", parts, depth)


class SentPath(PurePosixPath):
    """A path as the other process has it. It names no file of this one."""

    def __fspath__(self) -> NoReturn:
        raise TypeError("this path is of another process, which has other files")


def _path(encoder: EncoderBase, value: Any, _depth: int) -> Node:
    return encoder.path(value) if len(str(value)) <= _PATH else None


def _decode_fraction(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    above, below = (exactly(part, int) for part in decoder.many(node, depth))
    if below <= 0:
        raise CodecError("not a fraction")
    return Fraction(above, below)


def _decode_decimal(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    text = text_of(node, "v")
    if not _DECIMAL.fullmatch(text):
        raise CodecError("not a decimal")
    return Decimal(text)


def _decode_moment(kind: Any) -> Decode:
    def decode(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
        text = text_of(node, "v")
        if len(text) > _ISO:
            raise CodecError("not a time")
        return kind.fromisoformat(text)

    return decode


def _decode_duration(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    days, seconds, micros = (exactly(part, int) for part in decoder.many(node, depth))
    return timedelta(days=days, seconds=seconds, microseconds=micros)


def _decode_path(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    text = text_of(node, "v")
    if len(text) > _PATH:
        raise CodecError("not a path")
    return SentPath(text)


ENCODERS: Final[Mapping[type, Encode]] = {
    Fraction: _fraction,
    Decimal: _decimal,
    date: _moment("date"),
    time: _moment("time"),
    datetime: _moment("datetime"),
    timedelta: _duration,
    PurePath: _path,
    PosixPath: _path,
    PurePosixPath: _path,
    SentPath: _path,
}
DECODERS: Final[Mapping[str, Decode]] = {
    "fraction": _decode_fraction,
    "decimal": _decode_decimal,
    "date": _decode_moment(date),
    "time": _decode_moment(time),
    "datetime": _decode_moment(datetime),
    "timedelta": _decode_duration,
    "path": _decode_path,
}
