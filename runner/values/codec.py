"""Plain data, arrays and tensors as a tree for JSON and raw buffers beside it, and back.

None, truth values, small integers, finite floats and text stand for themselves. Every
other node is an object whose "k" says its kind. Each side adds kinds of its own.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

import numpy as np
import torch

from runner.values.link import Buffer

MAX_DEPTH: Final = 64
_SMALL: Final = 2**63
_DIGITS: Final = 4000
_DIMENSIONS: Final = 32
_PLAIN_DTYPES: Final = frozenset(
    f"{order}{size}"
    for order, sizes in (
        ("|", ("b1", "i1", "u1")),
        ("<", ("i2", "i4", "i8", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16")),
    )
    for size in sizes
)
_TEXT_DTYPE: Final = re.compile(r"(\|S|<U)[0-9]{1,6}")
# Names of torch's dtypes whose tensors cross.
_TENSORS: Final[Mapping[str, torch.dtype]] = {
    name: getattr(torch, name)
    for name in (
        *("bool", "uint8", "int8", "int16", "int32", "int64"),
        *("float16", "bfloat16", "float32", "float64", "complex64", "complex128"),
    )
}
_TENSOR_NAMES: Final = {dtype: name for name, dtype in _TENSORS.items()}

# What a node raises that is not what it says.
_UNFIT: Final = (
    AttributeError,
    KeyError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)

Node = Any


class CodecError(ValueError):
    """The tree is not one that may stand for a value, or the value cannot cross."""


class Encoder:
    """Turns values into nodes; `buffers` holds the bytes that belong to them.

    `refer` gives the node of a value that does not cross by value.
    """

    def __init__(self, refer: Callable[[object, "Encoder"], Node]) -> None:
        self.buffers: list[Buffer] = []
        self._refer = refer

    def encode(self, value: object, depth: int = 0) -> Node:
        """Return the node of the value. Raises CodecError."""
        if depth > MAX_DEPTH:
            raise CodecError("the value is nested too deeply")
        known = _ENCODERS.get(type(value))
        if known is not None:
            return known(self, value, depth)
        for base, encode in _BASES:
            if isinstance(value, base):
                node = encode(self, value, depth)
                if node is not None:
                    return node
        return self._refer(value, self)

    def add(self, data: object) -> int:
        """Return the number of the buffer that holds the bytes from now on."""
        self.buffers.append(memoryview(cast("bytes", data)).cast("B"))
        return len(self.buffers) - 1

    def many(self, kind: str, values: Any, depth: int) -> Node:
        """Return the node of a collection of that kind."""
        return {"k": kind, "v": [self.encode(one, depth + 1) for one in values]}


def _integer(_: Encoder, value: Any, _depth: int) -> Node:
    number = int(value)
    if abs(number) < _SMALL:
        return number
    if number.bit_length() > _DIGITS * 3:
        raise CodecError("the number is too large")
    return {"k": "int", "v": str(number)}


def _float(_: Encoder, value: Any, _depth: int) -> Node:
    number = float(value)
    return number if math.isfinite(number) else {"k": "float", "v": repr(number)}


def _complex(encoder: Encoder, value: Any, depth: int) -> Node:
    return encoder.many("complex", (value.real, value.imag), depth)


def _bytes(encoder: Encoder, value: Any, _depth: int) -> Node:
    return {"k": "bytes", "b": encoder.add(bytes(value))}


def _mapping(encoder: Encoder, value: Any, depth: int) -> Node:
    pairs = [
        [encoder.encode(key, depth + 1), encoder.encode(item, depth + 1)]
        for key, item in value.items()
    ]
    return {"k": "dict", "v": pairs}


def _array(encoder: Encoder, value: Any, _depth: int) -> Node:
    array = np.asarray(value)
    array = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    name = array.dtype.str
    if name not in _PLAIN_DTYPES and not _TEXT_DTYPE.fullmatch(name):
        return None
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return {"k": "array", "d": name, "s": list(array.shape), "b": encoder.add(raw)}


def _scalar(encoder: Encoder, value: Any, depth: int) -> Node:
    node = _array(encoder, np.asarray(value), depth)
    return node and {**node, "k": "scalar"}


def _tensor(encoder: Encoder, value: Any, depth: int) -> Node:
    if value.layout is not torch.strided or value.is_quantized or value.is_meta:
        return None
    plain = value.detach().as_subclass(torch.Tensor)
    name = _TENSOR_NAMES.get(plain.dtype)
    if name is None:
        return None
    flat = plain.cpu().resolve_conj().resolve_neg().contiguous().reshape(-1)
    raw = (flat.view(torch.int16) if name == "bfloat16" else flat).numpy()
    gradient = value.grad if value.is_leaf and value.requires_grad else None
    return {
        "k": "parameter" if isinstance(value, torch.nn.Parameter) else "tensor",
        "d": name,
        "s": list(plain.shape),
        "b": encoder.add(raw.view(np.uint8)),
        "g": bool(value.requires_grad),
        "grad": encoder.encode(gradient, depth + 1),
    }


def _named(kind: str) -> Callable[[Encoder, Any, int], Node]:
    return lambda _encoder, value, _depth: {"k": kind, "v": str(value)}


def _collection(kind: str) -> Callable[[Encoder, Any, int], Node]:
    return lambda encoder, value, depth: encoder.many(kind, value, depth)


def _slice(encoder: Encoder, value: Any, depth: int) -> Node:
    return encoder.many("slice", (value.start, value.stop, value.step), depth)


def _range(encoder: Encoder, value: Any, depth: int) -> Node:
    return encoder.many("range", (value.start, value.stop, value.step), depth)


_ENCODERS: Final[Mapping[type, Callable[[Encoder, Any, int], Node]]] = {
    type(None): lambda *_: None,
    bool: lambda _encoder, value, _depth: value,
    int: _integer,
    float: _float,
    str: lambda _encoder, value, _depth: value,
    complex: _complex,
    bytes: _bytes,
    list: _collection("list"),
    tuple: _collection("tuple"),
    set: _collection("set"),
    frozenset: _collection("frozenset"),
    dict: _mapping,
    slice: _slice,
    range: _range,
    type(...): lambda *_: {"k": "ellipsis"},
    torch.Size: _collection("size"),
    torch.dtype: _named("torch.dtype"),
    torch.device: _named("torch.device"),
}
# A value of a class of one's own is taken as what it is underneath.
_BASES: Final[tuple[tuple[Any, Callable[[Encoder, Any, int], Node]], ...]] = (
    (torch.Tensor, _tensor),
    (np.ndarray, _array),
    (np.generic, _scalar),
    (np.dtype, lambda _encoder, value, _depth: {"k": "dtype", "v": value.str}),
    (int, _integer),
    (float, _float),
    (complex, _complex),
    (str, lambda _encoder, value, _depth: str.__str__(value)[:]),
    (bytes | bytearray, _bytes),
    (dict, _mapping),
    (list, _collection("list")),
    (tuple, _collection("tuple")),
    (set, _collection("set")),
    (frozenset, _collection("frozenset")),
)


class Decoder:
    """Turns nodes that anybody may have made into values, or raises CodecError.

    `refer` gives the value of a node of a kind that is not known here.
    """

    def __init__(
        self, buffers: list[Buffer], refer: Callable[[Mapping[str, Any]], object]
    ) -> None:
        self._buffers = buffers
        self._refer = refer

    def decode(self, node: Node, depth: int = 0) -> Any:
        """Return the value that the node stands for."""
        if depth > MAX_DEPTH:
            raise CodecError("nested too deeply")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        if not isinstance(node, dict) or not isinstance(node.get("k"), str):
            raise CodecError("not a node")
        decode = _DECODERS.get(node["k"])
        if decode is None:
            return self._refer(node)
        try:
            return decode(self, node, depth)
        except CodecError:
            raise
        except _UNFIT as error:
            raise CodecError(f"not a {node['k']}") from error

    def many(self, node: Mapping[str, Any], depth: int) -> list[Any]:
        """Return the values of a collection's node."""
        if not isinstance(node["v"], list):
            raise CodecError("not a list")
        return [self.decode(one, depth + 1) for one in node["v"]]

    def bytes_of(self, node: Mapping[str, Any]) -> Buffer:
        """Return the buffer that the node names."""
        number = node["b"]
        if type(number) is not int or not 0 <= number < len(self._buffers):
            raise CodecError("no such buffer")
        return self._buffers[number]


def shape_of(node: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape that an array's or a tensor's node names."""
    shape = node["s"]
    if not isinstance(shape, list) or len(shape) > _DIMENSIONS:
        raise CodecError("not a shape")
    if not all(type(size) is int and 0 <= size < _SMALL for size in shape):
        raise CodecError("not a shape")
    return tuple(shape)


def _fits(node: Mapping[str, Any], size: int, itemsize: int) -> tuple[int, ...]:
    shape = shape_of(node)
    if math.prod(shape) * itemsize != size:
        raise CodecError("the shape does not fit the bytes")
    return shape


def _decode_array(decoder: Decoder, node: Mapping[str, Any], _depth: int) -> Any:
    name = node["d"]
    if name not in _PLAIN_DTYPES and not _TEXT_DTYPE.fullmatch(name):
        raise CodecError("not a dtype that crosses")
    dtype, raw = np.dtype(name), decoder.bytes_of(node)
    if dtype.itemsize == 0:
        return np.zeros(shape_of(node), dtype)
    shape = _fits(node, raw.nbytes, dtype.itemsize)
    if dtype.kind == "b":
        # Any other byte than 0 and 1 would be neither true nor false.
        return (np.frombuffer(raw, dtype=np.uint8) != 0).reshape(shape)
    return np.frombuffer(raw, dtype=dtype).reshape(shape)


def _decode_scalar(decoder: Decoder, node: Mapping[str, Any], depth: int) -> Any:
    array = _decode_array(decoder, node, depth)
    if array.shape != ():
        raise CodecError("not a scalar")
    return array[()]


def _decode_tensor(decoder: Decoder, node: Mapping[str, Any], depth: int) -> Any:
    dtype, raw = _TENSORS[node["d"]], decoder.bytes_of(node)
    shape = _fits(node, raw.nbytes, dtype.itemsize)
    # torch reads no empty buffer.
    empty = not raw.nbytes
    flat = torch.empty(0, dtype=dtype) if empty else torch.frombuffer(raw, dtype=dtype)
    if dtype is torch.bool:
        flat = flat.view(torch.uint8) != 0
    tensor = flat.reshape(shape)
    wants_gradient = node["g"] is True
    if wants_gradient and not (dtype.is_floating_point or dtype.is_complex):
        raise CodecError("a gradient of whole numbers")
    if node["k"] == "parameter":
        tensor = torch.nn.Parameter(tensor, requires_grad=wants_gradient)
    else:
        tensor.requires_grad_(wants_gradient)
    gradient = decoder.decode(node.get("grad"), depth + 1)
    if gradient is not None:
        tensor.grad = gradient  # which torch takes only if it fits
    return tensor


def _decode_dict(decoder: Decoder, node: Mapping[str, Any], depth: int) -> Any:
    if not isinstance(node["v"], list):
        raise CodecError("not a list")
    return {
        decoder.decode(key, depth + 1): decoder.decode(item, depth + 1)
        for key, item in node["v"]
    }


def _decode_int(_: Decoder, node: Mapping[str, Any], _depth: int) -> int:
    if len(node["v"]) > _DIGITS:
        raise CodecError("the number is too large")
    return int(node["v"])


def _decode_float(_: Decoder, node: Mapping[str, Any], _depth: int) -> float:
    if node["v"] not in ("nan", "inf", "-inf"):
        raise CodecError("not a float")
    return float(node["v"])


def _decode_dtype(_: Decoder, node: Mapping[str, Any], _depth: int) -> Any:
    if node["v"] not in _PLAIN_DTYPES and not _TEXT_DTYPE.fullmatch(node["v"]):
        raise CodecError("not a dtype that crosses")
    return np.dtype(node["v"])


def _decode_torch_dtype(_: Decoder, node: Mapping[str, Any], _depth: int) -> Any:
    return _TENSORS[node["v"].removeprefix("torch.")]


def _two(parts: list[Any]) -> tuple[float, float]:
    real, imaginary = parts
    return float(real), float(imaginary)


def _built(make: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    return lambda decoder, node, depth: make(decoder.many(node, depth))


_DECODERS: Final[Mapping[str, Callable[[Decoder, Mapping[str, Any], int], Any]]] = {
    "int": _decode_int,
    "float": _decode_float,
    "complex": _built(lambda parts: complex(*_two(parts))),
    "bytes": lambda decoder, node, _depth: bytes(decoder.bytes_of(node)),
    "list": _built(list),
    "tuple": _built(tuple),
    "set": _built(set),
    "frozenset": _built(frozenset),
    "size": _built(torch.Size),
    "dict": _decode_dict,
    "slice": _built(lambda parts: slice(*parts)),
    "range": _built(lambda parts: range(*parts)),
    "ellipsis": lambda *_: ...,
    "array": _decode_array,
    "scalar": _decode_scalar,
    "tensor": _decode_tensor,
    "parameter": _decode_tensor,
    "dtype": _decode_dtype,
    "torch.dtype": _decode_torch_dtype,
    "torch.device": lambda _decoder, node, _depth: torch.device(node["v"]),
}
