"""Numpy's arrays and scalars: numbers, text, times, records, and objects of data.

An array is sent with its byte order, its fields and its layout in memory, or not at
all. A masked array is not sent: for numpy, masked items are equal to everything.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from runner.inside.values import packed
from runner.inside.values.dtypes import is_plain
from runner.inside.values.layouts import (
    arranged,
    layout_of,
    sent_shape,
    span_of,
    spread,
)
from runner.inside.values.nodes import (
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    ObjectWithinError,
    exactly,
    list_of,
    text_of,
)

_SMALL: Final = 2**63
# A larger array stays a view of the message, whatever it is in the notebook.
_MOST_COPIED: Final = 64 * 2**20
_DIMENSIONS: Final = 32
_FIELDS: Final = 256
_NAME: Final = 100
_LAST_CHARACTER: Final = 0x10FFFF


def shape_of(node: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape in an array's or a tensor's node. Raises CodecError."""
    shape = list_of(node, "s")
    if len(shape) > _DIMENSIONS:
        raise CodecError("an invalid shape")
    if not all(type(size) is int and 0 <= size < _SMALL for size in shape):
        raise CodecError("an invalid shape")
    return tuple(shape)


def fitting_shape(
    node: Mapping[str, Any], size: int, itemsize: int = 1
) -> tuple[int, ...]:
    """Return the shape in the node. Raises CodecError if it does not fit the size."""
    shape = shape_of(node)
    if math.prod(shape) * itemsize != size:
        raise CodecError("a shape that does not fit the content")
    return shape


# --- Encoding --------------------------------------------------------------------


def encode_array(encoder: EncoderBase, value: Any, depth: int) -> Node:
    """Return the node of an array, or None if it cannot be sent unchanged."""
    if isinstance(value, np.ma.MaskedArray):
        # Comparisons skip masked items: such an array would always be right.
        return None
    try:
        with encoder.data_only():
            node = _array(encoder, np.asarray(value), depth)
    except ObjectWithinError:
        return None
    for kind, name in ((np.matrix, "matrix"), (np.recarray, "recarray")):
        if node is not None and isinstance(value, kind):
            return {"k": name, "v": node}
    return node


def _array(encoder: EncoderBase, array: Any, depth: int) -> Node:
    if not _crosses(array.dtype):
        return None
    # Text without a character: numpy pads it to one anyway.
    if not array.dtype.itemsize:
        array = array.astype(f"{array.dtype.str[:2]}1")
    layout: dict[str, Any] = {"s": list(array.shape)}
    flags = array.flags
    if encoder.is_answer:
        layout["own"] = flags.owndata
    if not flags.writeable:
        layout["w"] = False
    if not flags.c_contiguous:
        array = _laid_out(encoder, array, layout)
    if array.dtype.names is not None:
        return {**_records(encoder, array, depth), **layout}
    if array.dtype.kind == "O":
        items = array.reshape(-1).tolist()
        return {**packed.many_of(encoder, "objects", items, depth), **layout}
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return {"k": "array", "d": array.dtype.str, **layout, **encoder.put(raw)}


def _laid_out(encoder: EncoderBase, array: Any, layout: dict[str, Any]) -> Any:
    """Add the array's layout. Return the array with its items in the order to send them."""
    told = layout_of(array.shape, array.strides, array.itemsize)
    layout.update(told)
    if "o" in told:
        return array.transpose(told["o"])
    encoder.bytes += span_of(array.shape, told["st"]) * array.itemsize
    return array


def _crosses(dtype: np.dtype[Any]) -> bool:
    """Return whether an array of this dtype can be rebuilt from what is sent of it."""
    if dtype.names is None:
        is_empty_text = dtype.kind in "SU" and not dtype.itemsize
        return dtype.kind == "O" or is_empty_text or is_plain(dtype.str)
    fields = [(name, *dtype.fields[name]) for name in dtype.names]  # type: ignore[index]  # it has names
    if not 0 < len(fields) <= _FIELDS or any(len(field) > 3 for field in fields):  # noqa: PLR2004 - a title
        return False
    parts = [(name, part) for name, part, *_ in fields]
    if not all(_is_field(name) and _crosses(part.base) for name, part in parts):
        return False
    return bool(np.dtype(parts, align=dtype.isalignedstruct) == dtype)


def _is_field(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= _NAME


def _records(encoder: EncoderBase, array: Any, depth: int) -> Node:
    names = list(array.dtype.names)
    parts = [
        encoder.encode(np.asarray(array[name], order="C"), depth + 1) for name in names
    ]
    return {
        "k": "records",
        "n": names,
        "v": parts,
        "aligned": array.dtype.isalignedstruct,
    }


def _scalar(encoder: EncoderBase, value: Any, depth: int) -> Node:
    array = np.asarray(value)
    node = encode_array(encoder, array, depth)
    if array.dtype.names is not None:
        return node and {"k": "record", "v": node, "r": isinstance(value, np.record)}
    return node and {**node, "k": "scalar"}


def _dtype(_: EncoderBase, value: Any, _depth: int) -> Node:
    is_known = is_plain(value.str) or value.str == "|O"
    return {"k": "dtype", "v": value.str} if is_known else None


# --- Decoding --------------------------------------------------------------------


def _decode_array(decoder: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    name = node["d"]
    if not is_plain(name):
        raise CodecError("a dtype that cannot be sent")
    dtype, raw = np.dtype(name), decoder.bytes_of(node)
    shape = fitting_shape(node, raw.nbytes, dtype.itemsize)
    if dtype.kind == "b":
        # A byte other than 0 and 1 would be neither true nor false.
        return _arranged(decoder, np.frombuffer(raw, dtype=np.uint8) != 0, shape, node)
    if dtype.kind == "U":
        points = np.frombuffer(raw, dtype=dtype.str[0] + "u4")
        if points.size and points.max() > _LAST_CHARACTER:
            raise CodecError("an array of text with a number that is not a character")
    return _arranged(decoder, np.frombuffer(raw, dtype=dtype), shape, node)


def _arranged(
    decoder: DecoderBase, flat: Any, shape: tuple[int, ...], node: Mapping[str, Any]
) -> Any:
    """Return the array of these items, in the layout that the node gives."""
    array = arranged(flat, shape, node)
    if "st" in node:
        array, _ = spread(decoder, array, node)
    array = _owned(array, node.get("own"))
    if node.get("w") is False:
        array.flags.writeable = False
    return array


def _owned(array: Any, owns: object) -> Any:
    """Return the array with memory of its own or as a view, as the node tells."""
    if owns is False and array.flags.owndata:
        return array.view()
    if owns is not True or array.flags.owndata or array.nbytes > _MOST_COPIED:
        return array
    copied = array.copy(order="K")
    return copied if not array.size or copied.strides == array.strides else array


def _decode_objects(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    with decoder.data_only():
        items = packed.items_of(decoder, node, depth)
    shape = fitting_shape(node, len(items))
    array = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        array[place] = item
    return _arranged(decoder, array, shape, node)


def _decode_records(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    names, shape = list_of(node, "n"), shape_of(node)
    sent = sent_shape(node, shape)
    parts = [exactly(part, np.ndarray) for part in decoder.many(node, depth)]
    if not 0 < len(names) <= _FIELDS or not all(map(_is_field, names)):
        raise CodecError("invalid names of fields")
    if any(part.shape[: len(sent)] != sent for part in parts):
        raise CodecError("fields of different shapes")
    fields = [
        (name, part.dtype, part.shape[len(sent) :])
        for name, part in zip(names, parts, strict=True)
    ]
    array = np.empty(sent, np.dtype(fields, align=node["aligned"] is True))
    for name, part in zip(names, parts, strict=True):
        array[name] = part
    return _arranged(decoder, array.reshape(-1), shape, node)


def _decode_scalar(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    array = _decode_array(decoder, node, depth)
    if array.shape != ():
        raise CodecError("an invalid scalar")
    return array[()]


def _decode_record(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
    array = exactly(decoder.decode(node["v"], depth + 1), np.ndarray)
    if array.shape != () or array.dtype.names is None:
        raise CodecError("an invalid record")
    return array.view(np.recarray)[()] if node["r"] is True else array[()]


def _decode_view(kind: Any, dimensions: int | None = None) -> Decode:
    def decode(decoder: DecoderBase, node: Mapping[str, Any], depth: int) -> Any:
        array = exactly(decoder.decode(node["v"], depth + 1), np.ndarray)
        if dimensions is not None and array.ndim != dimensions:
            raise CodecError("an array with the wrong number of dimensions")
        return array.view(kind)

    return decode


def _decode_dtype(_: DecoderBase, node: Mapping[str, Any], _depth: int) -> Any:
    name = text_of(node, "v")
    if not is_plain(name) and name != "|O":
        raise CodecError("a dtype that cannot be sent")
    return np.dtype(name)


BASES: Final[tuple[tuple[type, Encode], ...]] = (
    (np.ndarray, encode_array),
    (np.generic, _scalar),
    (np.dtype, _dtype),
)
DECODERS: Final[Mapping[str, Decode]] = {
    "array": _decode_array,
    "objects": _decode_objects,
    "records": _decode_records,
    "scalar": _decode_scalar,
    "record": _decode_record,
    "matrix": _decode_view(np.matrix, 2),
    "recarray": _decode_view(np.recarray),
    "dtype": _decode_dtype,
}
