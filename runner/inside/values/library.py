"""Small values of Python's own library: fractions, dates, paths, views, namespaces.

Only objects of these very classes are sent. A subclass may give them another meaning.
"""

import array
import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import PosixPath, PurePath, PurePosixPath
from types import SimpleNamespace
from typing import Any, Final, NoReturn

from runner.inside.values import own_operators
from runner.inside.values.containers import check_hashes
from runner.inside.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    exactly,
    text_of,
)
from runner.inside.values.value_methods import VALUE_METHODS

_ISO: Final = 60
_PATH: Final = 4096
_TYPECODES: Final = "bBhHiIlLqQfd"
# Bounded, since converting a larger one to an integer would not end in time.
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
    def encode(encoder: EncoderBase, value: Any, _depth: int) -> Node:
        # A zone of another class is more than an offset and a name.
        zone = getattr(value, "tzinfo", None)
        if zone is not None and type(zone) is not timezone:
            return None
        node = {"k": kind, "v": value.isoformat()}
        if getattr(value, "fold", 0):
            node["f"] = 1
        if zone is not None and str(zone) != str(timezone(zone.utcoffset(None))):
            node["z"] = encoder.text(str(zone)[:_PATH])
        return node

    return encode


def _duration(encoder: EncoderBase, value: Any, depth: int) -> Node:
    parts = (value.days, value.seconds, value.microseconds)
    return encoder.many("timedelta", parts, depth)


def _refuse_file(*_: object, **__: object) -> NoReturn:
    raise own_operators.refused(
        "this path belongs to another process, which has other files: give its text to "
        "`Path`, or let a function of the notebook look at the file"
    )


class SentPurePath(PurePosixPath):
    """A path of the other process that is not asked for files there either."""

    __fspath__ = _refuse_file


class SentPath(PosixPath):
    """A path of the other process. It names no file of this one."""

    __fspath__ = _refuse_file


def file_methods() -> frozenset[str]:
    """Return the names of what only a path with files has."""
    found = set(dir(PosixPath)) - set(dir(PurePosixPath))
    return frozenset(name for name in found if not name.startswith("_"))


for _name in file_methods() | {"__enter__", "__exit__"}:
    setattr(SentPath, _name, _refuse_file)
# A path shows the name of its class: `PosixPath('a.txt')`.
for _sent, _own in ((SentPath, PosixPath), (SentPurePath, PurePosixPath)):
    _sent.__name__ = _sent.__qualname__ = _own.__name__
    _sent.__module__ = _own.__module__


def _path(encoder: EncoderBase, value: Any, _depth: int) -> Node:
    if len(str(value)) > _PATH:
        return None
    node = encoder.path(value)
    return node if isinstance(value, PosixPath) else {**node, "pure": True}


def _decode_fraction(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    above, below = (exactly(part, int) for part in decoder.many(node, depth))
    if below <= 0:
        raise CodecError("an invalid fraction")
    return Fraction(above, below)


def _decode_decimal(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    text = text_of(node, "v")
    if not _DECIMAL.fullmatch(text):
        raise CodecError("an invalid decimal")
    return Decimal(text)


def _decode_moment(kind: Any) -> Decode:
    def decode(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
        text = text_of(node, "v")
        if len(text) > _ISO:
            raise CodecError("an invalid time")
        found = kind.fromisoformat(text)
        if "z" in node:
            offset = found.tzinfo.utcoffset(None)
            found = found.replace(tzinfo=timezone(offset, text_of(node, "z")))
        return found.replace(fold=1) if node.get("f") == 1 else found

    return decode


def _decode_duration(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    days, seconds, micros = (exactly(part, int) for part in decoder.many(node, depth))
    return timedelta(days=days, seconds=seconds, microseconds=micros)


def _decode_path(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    text = text_of(node, "v")
    if len(text) > _PATH:
        raise CodecError("a path that is too long")
    return SentPurePath(text) if node.get("pure") is True else SentPath(text)


# --- Views of dictionaries, and plain records -----------------------------------------


def _view(kind: str) -> Encode:
    """Return the encoder of a view, which sends the shown part of its dictionary only."""
    return lambda encoder, value, depth: encoder.many(kind, list(value), depth)


def _decode_values(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    return dict(enumerate(decoder.many(node, depth))).values()


def _decode_keys(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    keys = decoder.many(node, depth)
    return _distinct([(key, None) for key in keys]).keys()


def _decode_items(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    pairs = [exactly(pair, tuple) for pair in decoder.many(node, depth)]
    return _distinct(pairs).items()


def _distinct(pairs: list[Any]) -> dict[Any, Any]:
    check_hashes([key for key, _ in pairs])
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CodecError("a key that occurs twice")
    return found


def _namespace(encoder: EncoderBase, value: Any, depth: int) -> Node:
    fields = vars(value)
    if not _are_fields(fields):
        return None
    return {"k": "namespace", "v": encoder.encode(dict(fields), depth + 1)}


def _decode_namespace(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    fields = exactly(decoder.decode(node["v"], depth + 1), dict)
    if not _are_fields(fields):
        raise CodecError("invalid fields of a namespace")
    return SimpleNamespace(**fields)


def _are_fields(fields: Mapping[Any, Any]) -> bool:
    """Return whether the names are plain, and none is a value's method that can be called."""
    return all(
        type(name) is str
        and name.isidentifier()
        and not name.startswith("__")
        and not (name in VALUE_METHODS and callable(value))
        for name, value in fields.items()
    )


def _typed(encoder: EncoderBase, value: Any, _depth: int) -> Node:
    if value.typecode not in _TYPECODES:
        return None
    return {"k": "typed", "t": value.typecode, **encoder.put(value.tobytes())}


def _decode_typed(decoder: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    if text_of(node, "t") not in _TYPECODES or len(node["t"]) != 1:
        raise CodecError("an unknown kind of numbers")
    return array.array(node["t"], bytes(decoder.bytes_of(node)))


def _bytes_view(encoder: EncoderBase, value: Any, _depth: int) -> Node:
    if value.format != "B" or value.ndim != 1:
        return None
    kept = {} if value.readonly else {"w": True}
    return {"k": "bytes view", **kept, **encoder.put(value.tobytes())}


def _decode_bytes_view(
    decoder: DecoderBase, node: Mapping[str, Any], _depth: int
) -> Any:
    kind = bytearray if node.get("w") is True else bytes
    return memoryview(kind(decoder.bytes_of(node)))


ENCODERS: Final[Mapping[type, Encode]] = {
    type({}.keys()): _view("keys"),
    type({}.values()): _view("values"),
    type({}.items()): _view("items"),
    SimpleNamespace: _namespace,
    array.array: _typed,
    memoryview: _bytes_view,
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
    SentPurePath: _path,
}
DECODERS: Final[Mapping[str, Decode]] = {
    "keys": _decode_keys,
    "values": _decode_values,
    "items": _decode_items,
    "namespace": _decode_namespace,
    "typed": _decode_typed,
    "bytes view": _decode_bytes_view,
    "fraction": _decode_fraction,
    "decimal": _decode_decimal,
    "date": _decode_moment(date),
    "time": _decode_moment(time),
    "datetime": _decode_moment(datetime),
    "timedelta": _decode_duration,
    "path": _decode_path,
}
