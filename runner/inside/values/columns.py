"""The values of one column or index of pandas, and pandas' own scalars.

SECURITY: nothing that may hold pandas' NA comes from the student's process: no column
of a dtype with NA as its missing value, whether one is missing or not, and no object
column with an NA in it. A comparison with NA gives NA, and `all`, `any` and `sum` skip
it, so that a column of NA would equal every other. Such a dtype hides values even if
none is missing: if two columns have different labels, pandas fills the gaps with NA.
"""

import importlib
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from runner.inside.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    RefusedError,
    exactly,
    list_of,
    text_of,
)

_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{0,60}")
FREQUENCY: Final = re.compile(r"-?[0-9]{0,6}[A-Za-z]{1,4}(-[A-Z]{3})?")
_MASKED: Final = re.compile(r"(U?Int(8|16|32|64))|Float(32|64)|boolean")


def pandas_here() -> Any:
    """Return pandas. Raises RefusedError if it is not installed."""
    try:
        return importlib.import_module("pandas")
    except ImportError as error:
        raise RefusedError("pandas is not installed in the environment") from error


# --- Encoding --------------------------------------------------------------------


def values_of(encoder: EncoderBase, array: Any, depth: int) -> Node:
    """Return the node of a column's or an index's values. Raises RefusedError."""
    dtype = array.dtype
    if not encoder.sends_missing and _may_hide(array):
        raise RefusedError(
            f"a column of dtype {dtype} that may hold pandas' NA cannot be sent, because "
            "comparisons skip missing values. Convert it first, with astype(float), "
            "astype(object).fillna(...) or astype(str)"
        )
    encode: Encode | None = _masked if _MASKED.fullmatch(str(dtype)) else None
    for name, encode_kind in _KINDS.items():
        if isinstance(dtype, getattr(pandas_here(), name)):
            encode = encode_kind
    is_plain = isinstance(array, pandas_here().arrays.NumpyExtensionArray)
    if encode is None and (is_plain or isinstance(dtype, np.dtype)):
        return encoder.encode(np.asarray(array), depth)
    node = None if encode is None else encode(encoder, array, depth)
    if node is None:
        raise RefusedError(
            f"a column of dtype {dtype} cannot be sent: convert it first"
        )
    return node


def _may_hide(array: Any) -> bool:
    """Return whether comparisons with these values skip some of them, or may."""
    dtype, missing = array.dtype, pandas_here().NA
    if str(dtype) == "object":
        return any(value is missing for value in np.asarray(array))
    return getattr(dtype, "na_value", None) is missing


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
        "c": values_of(encoder, array.dtype.categories.array, depth + 1),
        "o": bool(array.dtype.ordered),
    }


def _text(encoder: EncoderBase, array: Any, depth: int) -> Node:
    texts = [text if isinstance(text, str) else None for text in array]
    is_missing = array.dtype.na_value is pandas_here().NA
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
    is_known = FREQUENCY.fullmatch(frequency)
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
        raise RefusedError(
            f"a time in the zone {zone} cannot be sent: convert it to UTC"
        )
    return {"k": "timestamp", "v": encoder.encode(value.asm8, depth + 1), "z": zone}


def _span(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {"k": "span", "v": encoder.encode(value.asm8, depth + 1)}


def _period(_: EncoderBase, value: Any, _depth: int) -> Node:
    return {"k": "period", "v": int(value.ordinal), "f": value.freqstr}


SCALARS: Final[Mapping[str, Encode]] = {
    "NaT": lambda *_: {"k": "missing", "v": "NaT"},
    "NA": lambda *_: {"k": "missing", "v": "NA"},
    "Timestamp": _moment,
    "Timedelta": _span,
    "Period": _period,
}


# --- Decoding --------------------------------------------------------------------


def made_of(kind: Any, values: Any, index: Any = None, name: Any = None) -> Any:
    """Return the column or index of these values, with their own dtype."""
    index = {} if index is None else {"index": index}
    return kind(values, dtype=values.dtype, name=name, copy=True, **index)


def decode_values(decoder: DecoderBase, node: Any, depth: int) -> Any:
    if isinstance(node, dict) and "t" in node:
        found = _VALUES[text_of(node, "t")](decoder, node, depth)
    else:
        found = exactly(decoder.decode(node, depth), np.ndarray)
    if found.ndim != 1:
        raise CodecError("an invalid column")
    if not decoder.takes_missing and _may_hide(found):
        raise CodecError("a column that may hide missing values")
    return found


def _decode_masked(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    shown, hidden = (decoder.decode(part, depth) for part in list_of(node, "v"))
    if not _MASKED.fullmatch(text_of(node, "d")):
        raise CodecError("a dtype that cannot be sent")
    found = pandas_here().array(exactly(shown, np.ndarray), dtype=node["d"])
    found[exactly(hidden, np.ndarray)] = pandas_here().NA
    return found


def _decode_category(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    pandas = pandas_here()
    # pandas' own codes come as an array that cannot be written to.
    codes = exactly(decoder.decode(node["v"], depth), np.ndarray).copy()
    labels = made_of(pandas.Index, decode_values(decoder, node["c"], depth + 1))
    dtype = pandas.CategoricalDtype(labels, ordered=node["o"] is True)
    return pandas.Categorical.from_codes(codes, dtype=dtype)


def _decode_text(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    texts = exactly(decoder.decode(node["v"], depth), list)
    if not all(text is None or type(text) is str for text in texts):
        raise CodecError("a column of text with another value")
    missing = {} if node["na"] is True else {"na_value": np.nan}
    kind = pandas_here().StringDtype(storage=text_of(node, "s"), **missing)
    return pandas_here().array(texts, dtype=kind)


def _decode_moments(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    values = exactly(decoder.decode(node["v"], depth), np.ndarray)
    moments = pandas_here().DatetimeIndex(values).tz_localize("UTC")
    return moments.tz_convert(_zone(node)).array


def _decode_periods(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    values = exactly(decoder.decode(node["v"], depth), np.ndarray)
    return (
        pandas_here().PeriodIndex.from_ordinals(values, freq=frequency_of(node)).array
    )


_VALUES: Final[Mapping[str, Decode]] = {
    "masked": _decode_masked,
    "category": _decode_category,
    "text": _decode_text,
    "moments": _decode_moments,
    "periods": _decode_periods,
}


def frequency_of(node: Mapping[str, Any]) -> str:
    frequency = text_of(node, "f")
    if not FREQUENCY.fullmatch(frequency):
        raise CodecError("an invalid frequency")
    return frequency


def _zone(node: Mapping[str, Any]) -> str:
    zone = text_of(node, "z")
    if not _ZONE.fullmatch(zone):
        raise CodecError("an invalid time zone")
    return zone


def _decode_moment(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    moment = exactly(decoder.decode(node["v"], depth + 1), np.datetime64)
    found = pandas_here().Timestamp(moment)
    if node["z"] is None:
        return found
    return found.tz_localize("UTC").tz_convert(_zone(node))


def _decode_span(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    span = exactly(decoder.decode(node["v"], depth + 1), np.timedelta64)
    return pandas_here().Timedelta(span)


def _decode_period(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    ordinal = exactly(node["v"], int)
    return pandas_here().Period(ordinal=ordinal, freq=frequency_of(node))


def _decode_missing(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    return pandas_here().NaT if text_of(node, "v") == "NaT" else pandas_here().NA


SCALAR_DECODERS: Final[Mapping[str, Decode]] = {
    "timestamp": _decode_moment,
    "span": _decode_span,
    "period": _decode_period,
    "missing": _decode_missing,
}
