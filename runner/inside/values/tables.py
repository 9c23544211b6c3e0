"""Tables, columns and indices of pandas, and its own scalars, if pandas is installed.

A table is sent as its columns' arrays with its labels, and rebuilt from them. Other
data in its memory is not sent: unused levels, and the values behind missing ones. The
values of a column or an index are encoded by `columns`.
"""

import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from runner.inside.values.columns import (
    FREQUENCY,
    SCALAR_DECODERS,
    SCALARS,
    decode_values,
    frequency_of,
    made_of,
    pandas_here,
    values_of,
)
from runner.inside.values.containers import check_hashes
from runner.inside.values.nodes import (
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
)

# --- Encoding --------------------------------------------------------------------


def encoder_for(kind: type) -> Encode | None:
    """Return the encoder for values of this class of pandas or a subclass, or None."""
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
    attributes = value
    value = pandas_here().DataFrame(value)
    node = {
        "k": "frame",
        "i": _index(encoder, value.index, depth + 1),
        "c": _index(encoder, value.columns, depth + 1),
    }
    kinds = set(value.dtypes)
    if (
        len(kinds) == 1
        and isinstance(only := kinds.pop(), np.dtype)
        and only.kind != "O"
    ):
        # In one buffer: a table may have more columns than a message has buffers.
        node["b"] = encoder.encode(value.to_numpy(), depth + 1)
    else:
        columns = (value.iloc[:, place].array for place in range(value.shape[1]))
        node["v"] = [values_of(encoder, column, depth + 1) for column in columns]
    return {**node, **_notes(encoder, attributes, depth)}


def _series(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {
        "k": "series",
        "i": _index(encoder, value.index, depth + 1),
        "v": values_of(encoder, value.array, depth + 1),
        "n": encoder.encode(value.name, depth + 1),
        **_notes(encoder, value, depth),
    }


def _notes(encoder: EncoderBase, value: Any, depth: int) -> dict[str, Node]:
    notes = dict(value.attrs) if encoder.sends_notes else {}
    return {"a": encoder.encode(notes, depth + 1)} if notes else {}


def _alone(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {"k": "index", "v": _index(encoder, value, depth + 1)}


def _column(encoder: EncoderBase, value: Any, depth: int) -> Node:
    return {"k": "column", "v": values_of(encoder, value, depth + 1)}


def _index(encoder: EncoderBase, index: Any, depth: int) -> dict[str, Any]:
    pandas = pandas_here()
    names = [encoder.encode(name, depth + 1) for name in index.names]
    if isinstance(index, pandas.RangeIndex):
        return {"r": [index.start, index.stop, index.step], "n": names}
    if isinstance(index, pandas.MultiIndex):
        levels = map(index.get_level_values, range(index.nlevels))
        parts = [values_of(encoder, level.array, depth + 1) for level in levels]
        return {"m": parts, "n": names}
    found = {"v": values_of(encoder, index.array, depth + 1), "n": names}
    frequency = getattr(index, "freqstr", None)
    is_moving = isinstance(index, pandas.DatetimeIndex | pandas.TimedeltaIndex)
    if is_moving and frequency is not None:
        if not FREQUENCY.fullmatch(frequency):
            raise RefusedError(f"an index of frequency {frequency} cannot be sent")
        found["f"] = frequency
    return found


_ENCODERS: Final[Mapping[str, Encode]] = {
    "DataFrame": _whole(_frame),
    "Series": _whole(_series),
    "Index": _whole(_alone),
    **SCALARS,
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
    pandas = pandas_here()
    index = _decode_index(decoder, node["i"], depth + 1)
    columns = _decode_index(decoder, node["c"], depth + 1)
    if "b" in node:
        block = exactly(decoder.decode(node["b"], depth + 1), np.ndarray)
        if block.shape != (len(index), len(columns)):
            raise CodecError("a table whose shape does not fit its labels")
        frame = pandas.DataFrame(block, index=index, columns=columns, copy=True)
    else:
        parts = [decode_values(decoder, one, depth + 1) for one in list_of(node, "v")]
        if len(parts) != len(columns) or any(len(one) != len(index) for one in parts):
            raise CodecError("columns whose length does not fit the index")
        made = {n: made_of(pandas.Series, one, index) for n, one in enumerate(parts)}
        frame = pandas.DataFrame(made, index=index)
        frame.columns = columns
    frame.attrs = _decode_notes(decoder, node, depth)
    return frame


def _decode_notes(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    return exactly(decoder.decode(node["a"], depth + 1), dict) if "a" in node else {}


def _decode_series(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    index = _decode_index(decoder, node["i"], depth + 1)
    values = decode_values(decoder, node["v"], depth + 1)
    if len(values) != len(index):
        raise CodecError("a column whose length does not fit the index")
    name = decoder.decode(node["n"], depth + 1)
    series = made_of(pandas_here().Series, values, index, name)
    series.attrs = _decode_notes(decoder, node, depth)
    return series


def _decode_alone(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    return _decode_index(decoder, node["v"], depth + 1)


def _decode_index(decoder: DecoderBase, node: Any, depth: int) -> Any:
    pandas = pandas_here()
    node = exactly(node, dict)
    names = [decoder.decode(name, depth + 1) for name in list_of(node, "n")]
    if "m" in node:
        parts = [decode_values(decoder, one, depth + 1) for one in list_of(node, "m")]
        return pandas.MultiIndex.from_arrays(parts, names=names)
    (name,) = names
    if "r" in node:
        start, stop, step = (exactly(part, int) for part in list_of(node, "r"))
        return pandas.RangeIndex(start, stop, step, name=name)
    values = decode_values(decoder, node["v"], depth + 1)
    if values.dtype.kind == "O":
        check_hashes(list(values))
    index = made_of(pandas.Index, values, name=name)
    if "f" in node:
        index = type(index)(index, freq=frequency_of(node))
    return index


DECODERS: Final[Mapping[str, Decode]] = {
    "frame": _whole_decoder(_decode_frame),
    "series": _whole_decoder(_decode_series),
    "index": _whole_decoder(_decode_alone),
    "column": _whole_decoder(
        lambda d, node, depth: decode_values(d, node["v"], depth + 1)
    ),
    **SCALAR_DECODERS,
}
