"""The codec: data, arrays and tensors as a tree for JSON with raw buffers, and back.

None, truth values, small integers, finite floats and text stand for themselves. Every
other node is an object whose "k" says its kind. Each side adds kinds of its own.

A value arrives unchanged, or is refused in words that name its kind: it never becomes
another value on the way. A decoder trusts nothing: each kind has its own checks, and
classes come from closed tables of this process.
"""

import json
from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values import (
    arrays,
    containers,
    library,
    library_dicts,
    own_classes,
    own_operators,
    packed,
    single_numbers,
    tables,
    tensors,
)
from runner.inside.values.nodes import (
    CHARACTER,
    MAX_DEPTH,
    MUTABLE,
    NODE,
    CodecError,
    Decode,
    DecoderBase,
    Encode,
    EncoderBase,
    Node,
    ObjectWithinError,
    Part,
    RefusedError,
)
from runner.wire.link import MAX_BUFFERS, MAX_BYTES, MAX_HEADER, Buffer

__all__ = [
    "MAX_DEPTH",
    "CodecError",
    "Decoder",
    "Encoder",
    "Node",
    "RefusedError",
    "kind_of",
]

# The error type of an answer whose value cannot be sent. Other errors name a class.
REFUSED: Final = "refused"

# Values that hold no others and cannot be changed.
_ATOMS: Final = frozenset((type(None), bool, int, float, str))
# Room in a message for the parts around the value.
_AROUND: Final = 1024

# The errors of a decoder whose node does not fit its kind.
_UNFIT: Final = (
    AttributeError,
    KeyError,
    MemoryError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


class Encoder(EncoderBase):
    """The encoder of values as nodes; `buffers` holds the bytes that belong to them.

    `refer` gives the node of a value that is not sent by value. `max_text` is the limit
    for the JSON text of the whole: a larger value is refused here, at the cost of one
    answer only.
    """

    def __init__(
        self,
        refer: Callable[[object, "Encoder"], Node],
        *,
        max_text: int = MAX_HEADER,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        super().__init__()
        self._refer = refer
        self._max_text = max_text - _AROUND
        self._max_bytes = max_bytes
        self._shared = 0

    def encode(self, value: object, depth: int = 0) -> Node:
        """Return the node of the value. Raises CodecError."""
        if depth > MAX_DEPTH:
            raise _too_deep()
        self.size += NODE
        if type(value) in _ATOMS:
            node = self._encode(value, depth)
        elif id(value) in self._met:
            node = self._again(self._met[id(value)], depth)
        else:
            node = self._anew(value, depth)
        if depth == 0:
            self._check_size(node)
        return node

    def _anew(self, value: object, depth: int) -> Node:
        """Return a new node, and remember it in case the value is met again."""
        before = self._begin(depth)
        node = self._encode(value, depth)
        if type(node) is dict and node.get("k") in MUTABLE:
            self._met[id(value)] = self._part(value, before, depth, node)
            if self.numbers_parts:
                self._numbered(node)
        self._deepest = max(self._deepest, before[-1])
        return node

    def _again(self, part: Part, depth: int) -> Node:
        """Return a node that refers to the earlier one of the same object."""
        self._count_again(part, depth)
        if self._deepest > MAX_DEPTH:
            raise _too_deep()
        return {"k": "same", "v": self._numbered(part.node)}

    def _numbered(self, node: Node) -> int:
        """Return the number of a node, by which other nodes refer to it."""
        if "as" not in node:
            node["as"] = self._shared
            self._shared += 1
        number: int = node["as"]
        return number

    def number_of(self, value: object) -> int | None:
        """Return the number of the value's part of the message, or None if it has none."""
        part = self._met.get(id(value))
        return None if part is None else self._numbered(part.node)

    def numbered_among(self, ids: Collection[int]) -> list[tuple[int, int]]:
        """Return the ids of parts of the message that are among these, with numbers."""
        return [
            (key, self._numbered(part.node))
            for key, part in self._met.items()
            if key in ids
        ]

    def number_each(self, values: Collection[object], taken: int) -> int:
        """Give numbers to new parts that take so many bytes each. Return the first."""
        first, self._shared = self._shared, self._shared + len(values)
        for number, value in enumerate(values, first):
            part = Part(value, NODE, taken, 0, 0, {"as": number})
            self._met[id(value)] = part
        return first

    def number_inside(self, value: object) -> int | None:
        """Return a number for a tensor or an array inside of a pickle, if it needs one."""
        if not self.numbers_parts:
            return None
        number, self._shared = self._shared, self._shared + 1
        self._inside[number] = value
        return number

    def _encode(self, value: object, depth: int) -> Node:
        if value is None:
            return None
        # Not `isinstance`: an object may claim another class, and `isinstance` believes it.
        kind = type(value)
        encode = _ENCODERS.get(kind)
        if encode is None and issubclass(kind, Enum) and not self.is_data_only:
            node = self.member(value)  # type: ignore[arg-type]  # see above
            if node is not None:
                self._objects += 1
                return node
        if encode is None:
            bases = (encode for base, encode in _BASES if issubclass(kind, base))
            by_base = next(bases, None) or tables.encoder_for(kind)
            encode = library_dicts.encoder_for(kind) or by_base
        known = len(self._met)
        node = encode(self, value, depth) if encode is not None else None
        if node is not None:
            return node if kind in _ENCODERS else self._of_own_class(node, kind)
        while len(self._met) > known:  # parts of a rejected node
            self._met.popitem()
        self._objects += 1
        if self.is_data_only:
            raise ObjectWithinError(f"a {kind_of(value)} is not data")
        return self._refer(value, self)

    def _of_own_class(self, node: Node, kind: type) -> Node:
        """Return the node with the operators that the value's class has in its own way."""
        told = self.of_own_class(kind) if self.is_answer else {}
        if not told:
            return node
        whole = node if type(node) is dict else {"k": "plain", "v": node}
        self.size += NODE * len(told)
        return {**whole, **told}

    @property
    def fits(self) -> bool:
        """Whether what was encoded so far is certainly short enough to be sent."""
        return self.size <= self._max_text

    def _check_size(self, node: Node) -> None:
        if len(self.buffers) > MAX_BUFFERS or self.bytes > self._max_bytes:
            raise RefusedError("the value is too large to be sent: use less data")
        if self.size <= self._max_text:
            return
        # The decoder counts each node and each character as one.
        is_large = self._shared and self.size > CHARACTER * self._max_text
        if is_large or len(json.dumps(node)) > self._max_text:
            raise RefusedError(
                "the value has too many parts to be sent: use an array, a tensor, or a "
                "flat list of numbers or of texts"
            )


def _too_deep() -> RefusedError:
    return RefusedError("a value that is nested too deeply cannot be sent")


def kind_of(value: object) -> str:
    """Return words for the kind of a value that cannot be sent by value."""
    if isinstance(value, torch.Tensor):
        return tensors.kind_of(value)
    if isinstance(value, np.ma.MaskedArray):
        return "masked array"
    if isinstance(value, np.ndarray | np.generic):
        what = "array" if isinstance(value, np.ndarray) else "scalar"
        return f"{what} of dtype {value.dtype}"
    kind = value if isinstance(value, type) else type(value)
    return kind.__qualname__.rpartition(".")[2]


# --- Plain values ----------------------------------------------------------------


def _complex(encoder: Encoder, value: Any, depth: int) -> Node:
    number = complex.__complex__(value)
    return encoder.many("complex", (number.real, number.imag), depth)


def _bytes(kind: str) -> Encode:
    return lambda encoder, value, _depth: {
        "k": kind,
        **encoder.put(bytes(memoryview(value))),
    }


def _bounds(kind: str) -> Encode:
    return lambda encoder, value, depth: encoder.many(
        kind, (value.start, value.stop, value.step), depth
    )


_ENCODERS: Final[Mapping[type, Encode]] = {
    bool: lambda _encoder, value, _depth: value,
    **single_numbers.ENCODERS,
    str: packed.encode_text,
    complex: _complex,
    bytes: _bytes("bytes"),
    bytearray: _bytes("bytearray"),
    slice: _bounds("slice"),
    range: _bounds("range"),
    type(...): lambda *_: {"k": "ellipsis"},
    type(NotImplemented): lambda *_: {"k": "not implemented"},
    **containers.ENCODERS,
    **library.ENCODERS,
    **tensors.ENCODERS,
}
# A value of a subclass is sent as a value of its base class.
_BASES: Final[tuple[tuple[type, Encode], ...]] = (
    *tensors.BASES,
    *arrays.BASES,
    (int, single_numbers.encode_int),
    (float, single_numbers.encode_float),
    (complex, _complex),
    (str, packed.encode_text),
    (bytes, _bytes("bytes")),
    (bytearray, _bytes("bytearray")),
    *containers.BASES,
)


class Decoder(DecoderBase):
    """The decoder of nodes from an untrusted source. Raises CodecError.

    `refer` gives the value of a node whose kind is not known here.
    """

    def __init__(
        self,
        buffers: list[Buffer],
        refer: Callable[[Mapping[str, Any]], object],
        **bounds: int,
    ) -> None:
        super().__init__(buffers, **bounds)
        self._refer = refer

    def decode(self, node: Node, depth: int = 0) -> Any:
        """Return the value that the node stands for."""
        if depth > MAX_DEPTH:
            raise CodecError("nested too deeply")
        self.size += 1
        if node is None or isinstance(node, bool | int | float | str):
            if type(node) is int and not single_numbers.is_small(node):
                raise CodecError("an integer that is too large for its form")
            if type(node) is str:
                self.size += len(node)
            return node
        if not isinstance(node, dict) or not isinstance(node.get("k"), str):
            raise CodecError("an invalid node")
        self._deepest = max(self._deepest, depth)
        if node["k"] == "same":
            return self._again(node, depth)
        return self._numbered(node, depth) if "as" in node else self._made(node, depth)

    def _numbered(self, node: Mapping[str, Any], depth: int) -> Any:
        """Return the value of a node to which others of this message refer."""
        number = node["as"]
        if type(number) is not int:
            raise CodecError("an invalid number of a node")
        if node["k"] not in MUTABLE:
            raise CodecError("a number on a node that cannot be shared")
        before = self._begin(depth)
        value = self._made(node, depth)
        if number in self._parts:
            raise CodecError("two nodes with the same number")
        self._parts[number] = self._part(value, before, depth)
        self._deepest = max(self._deepest, before[-1])
        return value

    def _again(self, node: Mapping[str, Any], depth: int) -> Any:
        """Return the value of an earlier node, which must be complete."""
        number = node.get("v")
        part = self._parts.get(number) if type(number) is int else None
        if part is None:
            raise CodecError("a reference to a part that does not exist")
        self._count_again(part, depth)
        self._check_counts()
        if self._deepest > MAX_DEPTH:
            raise CodecError("nested too deeply")
        return part.value

    def _made(self, node: Mapping[str, Any], depth: int) -> Any:
        decode = _DECODERS.get(node["k"])
        if decode is None:
            return self._object(node)
        try:
            value = decode(self, node, depth)
            if self.find_own is not None:
                return own_classes.given_back(value, node, self.find_own)
            return own_operators.of_own_class(value, node)
        except CodecError:
            raise
        except _UNFIT as error:
            raise CodecError(f"an invalid {node['k']}") from error

    def _object(self, node: Mapping[str, Any]) -> object:
        if self.is_data_only:
            raise ObjectWithinError("an object where only data is allowed")
        self._objects += 1
        return self._refer(node)


def _two(parts: list[Any]) -> tuple[float, float]:
    real, imaginary = parts
    return float(real), float(imaginary)


def _built(make: Callable[[list[Any]], Any]) -> Decode:
    return lambda decoder, node, depth: make(decoder.many(node, depth))


_DECODERS: Final[Mapping[str, Decode]] = {
    **single_numbers.DECODERS,
    "complex": _built(lambda parts: complex(*_two(parts))),
    "bytes": lambda decoder, node, _depth: bytes(decoder.bytes_of(node)),
    "bytearray": lambda decoder, node, _depth: bytearray(decoder.bytes_of(node)),
    "slice": _built(lambda parts: slice(*parts)),
    "range": _built(lambda parts: range(*parts)),
    "ellipsis": lambda *_: ...,
    "not implemented": lambda *_: NotImplemented,
    "plain": lambda decoder, node, depth: decoder.decode(node["v"], depth + 1),
    "text": packed.decode_text,
    **containers.DECODERS,
    **library.DECODERS,
    library_dicts.KIND: library_dicts.decode,
    **arrays.DECODERS,
    **tensors.DECODERS,
    **tables.DECODERS,
}
