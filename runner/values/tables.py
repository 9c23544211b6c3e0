"""Tables, columns and indices of pandas, and its own scalars, if pandas is installed.

A table crosses as its columns' arrays with its labels, and is made anew from them. What
lies in memory beside them stays: unused levels, and what a missing value hides.
"""

import importlib
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from runner.values.containers import check_hashes
from runner.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    ObjectWithinError,
    RefusedError,
    exactly,
    list_of,
    text_of,
)

_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{0,60}")
_FREQUENCY: Final = re.compile(r"-?[0-9]{0,6}[A-Za-z]{1,4}(-[A-Z]{3})?")
_MASKED: Final = re.compile(r"(U?Int(8|16|32|64))|Float(32|64)|boolean")


def _pandas() -> Any:
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise RefusedError("pandas is not installed here") from error


# --- Encoding --------------------------------------------------------------------


def encoder_for(kind: type) -> Encode | None:
    """Return what encodes values of this class of pandas' or of a subclass, or None."""
    if not any(base.__module__.partition(".")[0] == "pandas" for base in kind.__mro__):
        return None
    pandas: Any = sys.modules.get("pandas")
    for name, encode in _ENCODERS.items():
        base = getattr(pandas, name, None)
        base = base if isinstance(base, type) else type(base)
        if base is not type(None) and issubclass(kind, base):
            return encode
    return None


def _whole(encode: Encode) -> Encode:
    """Return an encoder that refuses a table which holds anything but data."""

    def encode_whole(encoder: EncoderBase, value: Any, depth: int) -> Node:
        try:
            with encoder.data_only():
                return encode(encoder, value, depth)
        except ObjectWithinError as error:
            kind = type(value).__name__
            words = f"a {kind} that holds objects cannot be sent: {error}"
            raise RefusedError(words) from error

    return encode_whole


def _frame(encoder: EncoderBase, value: Any, depth: int) -> Node:
    notes = _notes(encoder, value, depth)
    value = _pandas().DataFrame(value)
    node = {
        "k": "frame",
        "i": _index(encoder, value.index, depth + 1),
        "c": _index(encoder, value.columns, depth + 1),
        **notes,
    }
    kinds = set(value.dtypes)
    if (
        len(kinds) == 1
        and isinstance(only := kinds.pop(), np.dtype)
        and only.kind != "O"
    ):
        # In one piece: a table may have more columns than a message has buffers.
        return {**node, "b": encoder.encode(value.to_numpy(), depth + 1)}
    columns = (value.iloc[:, place].array for place in range(value.shape[1]))
    return {**node, "v": [_values(encoder, column, depth + 1) for column in columns]}


def _series(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {
        "k": "series",
        "v": _values(encoder, value.array, depth + 1),
        "i": _index(encoder, value.index, depth + 1),
        "n": encoder.encode(value.name, depth + 1),
        **_notes(encoder, value, depth),
    }


def _notes(encoder: EncoderBase, value: Any, depth: int) -> dict[str, Node]:
    notes = dict(value.attrs)
    return {"a": encoder.encode(notes, depth + 1)} if notes else {}


def _alone(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {"k": "index", "v": _index(encoder, value, depth + 1)}


def _column(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {"k": "column", "v": _values(encoder, value, depth + 1)}


def _index(encoder: EncoderBase, index: Any, depth: int) -> dict[str, Any]:
    pandas = _pandas()
    names = [encoder.encode(name, depth + 1) for name in index.names]
    if isinstance(index, pandas.RangeIndex):
        return {"r": [index.start, index.stop, index.step], "n": names}
    if isinstance(index, pandas.MultiIndex):
        levels = map(index.get_level_values, range(index.nlevels))
        parts = [_values(encoder, level.array, depth + 1) for level in levels]
        return {"m": parts, "n": names}
    found = {"v": _values(encoder, index.array, depth + 1), "n": names}
    frequency = getattr(index, "freqstr", None)
    is_moving = isinstance(index, pandas.DatetimeIndex | pandas.TimedeltaIndex)
    if is_moving and frequency is not None:
        if not _FREQUENCY.fullmatch(frequency):
            raise RefusedError(f"an index of frequency {frequency} cannot be sent")
        found["f"] = frequency
    return found


def _values(encoder: EncoderBase, array: Any, depth: int) -> Node:
    """Return the node of the values of a column or an index."""
    dtype = array.dtype
    encode: Encode | None = _masked if _MASKED.fullmatch(str(dtype)) else None
    for name, encode_kind in _KINDS.items():
        if isinstance(dtype, getattr(_pandas(), name)):
            encode = encode_kind
    is_plain = isinstance(array, _pandas().arrays.NumpyExtensionArray)
    if encode is None and (is_plain or isinstance(dtype, np.dtype)):
        return encoder.encode(np.asarray(array), depth)
    node = None if encode is None else encode(encoder, array, depth)
    if node is None:
        raise RefusedError(
            f"a column of dtype {dtype} cannot be sent: convert it first"
        )
    return node


def _masked(encoder: EncoderBase, array: Any, depth: int) -> Node:
    dtype, hidden = array.dtype, np.asarray(array.isna())
    nothing = dtype.numpy_dtype.type(0)
    shown = array.to_numpy(dtype=dtype.numpy_dtype, na_value=nothing)
    values = [encoder.encode(part, depth) for part in (shown, hidden)]
    return {"t": "masked", "d": str(dtype), "v": values}


def _category(encoder: EncoderBase, array: Any, depth: int) -> Node:
    return {
        "t": "category",
        "v": encoder.encode(np.asarray(array.codes), depth),
        "c": _values(encoder, array.dtype.categories.array, depth + 1),
        "o": bool(array.dtype.ordered),
    }


def _text(encoder: EncoderBase, array: Any, depth: int) -> Node:
    texts = [text if isinstance(text, str) else None for text in array]
    is_missing = array.dtype.na_value is _pandas().NA
    kind = {"t": "text", "s": array.dtype.storage, "na": is_missing}
    return {**kind, "v": encoder.encode(texts, depth)}


def _moments(encoder: EncoderBase, array: Any, depth: int) -> Node:
    zone = str(array.dtype.tz)
    moments = array.tz_convert("UTC").tz_localize(None)
    node = encoder.encode(np.asarray(moments), depth)
    return {"t": "moments", "v": node, "z": zone} if _ZONE.fullmatch(zone) else None


def _periods(encoder: EncoderBase, array: Any, depth: int) -> Node:
    frequency = array.freqstr
    node = encoder.encode(np.asarray(array.asi8), depth)
    is_known = _FREQUENCY.fullmatch(frequency)
    return {"t": "periods", "v": node, "f": frequency} if is_known else None


_KINDS: Final[Mapping[str, Encode]] = {
    "CategoricalDtype": _category,
    "StringDtype": _text,
    "DatetimeTZDtype": _moments,
    "PeriodDtype": _periods,
}


def _moment(encoder: EncoderBase, value: Any, depth: int) -> Node:
    zone = None if value.tzinfo is None else str(value.tzinfo)
    if zone is not None and not _ZONE.fullmatch(zone):
        raise RefusedError(f"a time in the zone {zone} cannot be sent")
    return {"k": "timestamp", "v": encoder.encode(value.asm8, depth + 1), "z": zone}


def _span(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {"k": "span", "v": encoder.encode(value.asm8, depth + 1)}


def _period(_: EncoderBase, value: Any, _depth: int) -> Node:
    return {"k": "period", "v": int(value.ordinal), "f": value.freqstr}


_ENCODERS: Final[Mapping[str, Encode]] = {
    "DataFrame": _whole(_frame),
    "Series": _whole(_series),
    "Index": _whole(_alone),
    "NaT": lambda *_: {"k": "missing", "v": "NaT"},
    "NA": lambda *_: {"k": "missing", "v": "NA"},
    "Timestamp": _moment,
    "Timedelta": _span,
    "Period": _period,
    "Categorical": _whole(_column),
}


# --- Decoding --------------------------------------------------------------------


def _whole_decoder(
    decode: Callable[[DecoderBase, Mapping[str, Any], int], Any],
) -> Decode:
    def decode_whole(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
        with decoder.data_only():
            return decode(decoder, node, depth)

    return decode_whole


def _decode_frame(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    pandas = _pandas()
    index = _decode_index(decoder, node["i"], depth + 1)
    columns = _decode_index(decoder, node["c"], depth + 1)
    if "b" in node:
        block = exactly(decoder.decode(node["b"], depth + 1), np.ndarray)
        if block.shape != (len(index), len(columns)):
            raise CodecError("a table of another shape")
        frame = pandas.DataFrame(block, index=index, columns=columns, copy=True)
    else:
        parts = [_decode_values(decoder, one, depth + 1) for one in list_of(node, "v")]
        if len(parts) != len(columns) or any(len(one) != len(index) for one in parts):
            raise CodecError("columns of another length")
        made = {n: _made(pandas.Series, one, index) for n, one in enumerate(parts)}
        frame = pandas.DataFrame(made, index=index)
        frame.columns = columns
    frame.attrs = _decode_notes(decoder, node, depth)
    return frame


def _made(kind: Any, values: Any, index: Any = None, name: Any = None) -> Any:
    """Return the column or index of these values, as what they are."""
    index = {} if index is None else {"index": index}
    return kind(values, dtype=values.dtype, name=name, copy=True, **index)


def _decode_notes(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    return exactly(decoder.decode(node["a"], depth + 1), dict) if "a" in node else {}


def _decode_series(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    index = _decode_index(decoder, node["i"], depth + 1)
    values = _decode_values(decoder, node["v"], depth + 1)
    if len(values) != len(index):
        raise CodecError("a column of another length")
    name = decoder.decode(node["n"], depth + 1)
    series = _made(_pandas().Series, values, index, name)
    series.attrs = _decode_notes(decoder, node, depth)
    return series


def _decode_alone(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    return _decode_index(decoder, node["v"], depth + 1)


def _decode_index(decoder: DecoderBase, node: Any, depth: int) -> Any:
    pandas = _pandas()
    node = exactly(node, dict)
    names = [decoder.decode(name, depth + 1) for name in list_of(node, "n")]
    if "m" in node:
        parts = [_decode_values(decoder, one, depth + 1) for one in list_of(node, "m")]
        return pandas.MultiIndex.from_arrays(parts, names=names)
    (name,) = names
    if "r" in node:
        start, stop, step = (exactly(part, int) for part in list_of(node, "r"))
        return pandas.RangeIndex(start, stop, step, name=name)
    values = _decode_values(decoder, node["v"], depth + 1)
    if values.dtype.kind == "O":
        check_hashes(list(values))
    index = _made(pandas.Index, values, name=name)
    if "f" in node:
        index = type(index)(index, freq=_frequency(node))
    return index


def _decode_values(decoder: DecoderBase, node: Any, depth: int) -> Any:
    if isinstance(node, dict) and "t" in node:
        found = _VALUES[text_of(node, "t")](decoder, node, depth)
    else:
        found = exactly(decoder.decode(node, depth), np.ndarray)
    if found.ndim != 1:
        raise CodecError("not a column")
    return found


def _decode_masked(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    shown, hidden = (decoder.decode(part, depth) for part in list_of(node, "v"))
    if not _MASKED.fullmatch(text_of(node, "d")):
        raise CodecError("not a dtype that crosses")
    found = _pandas().array(exactly(shown, np.ndarray), dtype=node["d"])
    found[exactly(hidden, np.ndarray)] = _pandas().NA
    return found


def _decode_category(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    pandas = _pandas()
    codes = exactly(decoder.decode(node["v"], depth), np.ndarray)
    labels = _made(pandas.Index, _decode_values(decoder, node["c"], depth + 1))
    dtype = pandas.CategoricalDtype(labels, ordered=node["o"] is True)
    return pandas.Categorical.from_codes(codes, dtype=dtype)


def _decode_text(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    texts = exactly(decoder.decode(node["v"], depth), list)
    if not all(text is None or type(text) is str for text in texts):
        raise CodecError("not text")
    missing = {} if node["na"] is True else {"na_value": np.nan}
    kind = _pandas().StringDtype(storage=text_of(node, "s"), **missing)
    return _pandas().array(texts, dtype=kind)


def _decode_moments(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    values = exactly(decoder.decode(node["v"], depth), np.ndarray)
    moments = _pandas().DatetimeIndex(values).tz_localize("UTC")
    return moments.tz_convert(_zone(node)).array


def _decode_periods(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    values = exactly(decoder.decode(node["v"], depth), np.ndarray)
    return _pandas().PeriodIndex.from_ordinals(values, freq=_frequency(node)).array


_VALUES: Final[Mapping[str, Decode]] = {
    "masked": _decode_masked,
    "category": _decode_category,
    "text": _decode_text,
    "moments": _decode_moments,
    "periods": _decode_periods,
}


def _frequency(node: Mapping[str, Any]) -> str:
    frequency = text_of(node, "f")
    if not _FREQUENCY.fullmatch(frequency):
        raise CodecError("not a frequency")
    return frequency


def _zone(node: Mapping[str, Any]) -> str:
    zone = text_of(node, "z")
    if not _ZONE.fullmatch(zone):
        raise CodecError("not a time zone")
    return zone


def _decode_moment(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    moment = exactly(decoder.decode(node["v"], depth + 1), np.datetime64)
    found = _pandas().Timestamp(moment)
    if node["z"] is None:
        return found
    return found.tz_localize("UTC").tz_convert(_zone(node))


def _decode_span(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    span = exactly(decoder.decode(node["v"], depth + 1), np.timedelta64)
    return _pandas().Timedelta(span)


def _decode_period(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    ordinal = exactly(node["v"], int)
    return _pandas().Period(ordinal=ordinal, freq=_frequency(node))


def _decode_missing(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    return _pandas().NaT if text_of(node, "v") == "NaT" else _pandas().NA


DECODERS: Final[Mapping[str, Decode]] = {
    "frame": _whole_decoder(_decode_frame),
    "series": _whole_decoder(_decode_series),
    "index": _whole_decoder(_decode_alone),
    "column": _whole_decoder(
        lambda d, node, depth: _decode_values(d, node["v"], depth + 1)
    ),
    "timestamp": _decode_moment,
    "span": _decode_span,
    "period": _decode_period,
    "missing": _decode_missing,
}
