"""Columns: many numbers, texts, numpy scalars or 0-d tensors, as bytes.

A column of several kinds holds the kind of each item, and a column for each kind. So
every item arrives with its own class: 1 stays an int among floats.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise, repeat
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values import missing_numbers
from runner.inside.values.dtypes import is_flat
from runner.inside.values.gradients import gradient_of
from runner.inside.values.graphs import check_plain
from runner.inside.values.nodes import CodecError, DecoderBase, EncoderBase, list_of

Column = dict[str, Any]
Write = Callable[[], Column]

# The memory that a text, a tuple or a scalar takes besides its content, and that a
# tensor takes, which count as bytes.
OBJECT: Final = 64
_TENSOR: Final = 512
# A column has at most so many kinds of items.
_KINDS: Final = 8
_SMALL: Final = 2**63
_LENGTH: Final = np.dtype("<u4")
_PLACE: Final = np.dtype("<i8")
_NUMBERS: Final[Mapping[type, str]] = {
    float: "<f8",
    int: "<i8",
    bool: "|b1",
    complex: "<c16",
}
_SCALARS: Final = frozenset(np.sctypeDict.values()) | {np.datetime64, np.timedelta64}
_TENSORS: Final = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool),
        *(torch.complex64, torch.complex128),
    )
}
ENCODING: Final = ("utf-8", "surrogatepass")


# --- Encoding --------------------------------------------------------------------


def writer(encoder: EncoderBase, items: Collection[Any]) -> Write | None:
    """Return a function that writes these items as a column, or None if it cannot."""
    kinds = list(dict.fromkeys(map(type, items)))
    if len(kinds) == 1 and kinds[0] is not type(None):
        return _writer(encoder, kinds[0], items)
    if len(kinds) > _KINDS or not all(map(_may_be_packed, kinds)):
        return None
    kinds = [kind for kind in kinds if kind is not type(None)]
    writers = []
    for kind in kinds:
        write = _writer(encoder, kind, [one for one in items if type(one) is kind])
        if write is None:
            return None
        writers.append(write)
    numbers = {type(None): 0, **{kind: n for n, kind in enumerate(kinds, 1)}}

    def write_all() -> Column:
        each = bytes(numbers[type(one)] for one in items)
        return {"d": "mixed", "b": encoder.add(each), "v": [one() for one in writers]}

    return write_all


def _may_be_packed(kind: type) -> bool:
    own = kind in {str, type(None), torch.Tensor}
    return own or kind in _NUMBERS or kind in _SCALARS


def _writer(encoder: EncoderBase, kind: type, items: Any) -> Write | None:
    """Return a function that writes a column of items of one kind, or None."""
    if kind is str:
        return lambda: _write_texts(encoder, items)
    if kind is torch.Tensor:
        return _tensor_writer(encoder, items)
    if kind in _SCALARS:
        dtypes = {one.dtype.str for one in items}
        name = dtypes.pop()
        return _scalar_writer(encoder, name, items) if not dtypes else None
    if kind is int and not (min(items) >= -_SMALL and max(items) < _SMALL):
        return None
    if kind not in _NUMBERS:
        return None
    return lambda: _write_numbers(encoder, _NUMBERS[kind], items)


def _write_numbers(encoder: EncoderBase, name: str, items: Any) -> Column:
    array = np.array(list(items), dtype=name)
    column = {"d": name, "b": encoder.add(array)}
    if name == _NUMBERS[float] and np.isnan(array).any():
        missing = missing_numbers.name_of_all(items)
        return {**column, "nan": missing} if missing else column
    return column


def _scalar_writer(encoder: EncoderBase, name: str, items: Any) -> Write | None:
    if not is_flat(name):
        return None

    def write() -> Column:
        encoder.bytes += OBJECT * len(items)
        array = np.array(list(items), dtype=name).view(np.uint8)
        return {"d": "scalars", "t": name, "b": encoder.add(array)}

    return write


def _write_texts(encoder: EncoderBase, items: Any) -> Column:
    text = "".join(items)
    encoder.check_text(text)
    lengths = np.fromiter(map(len, items), dtype=_LENGTH, count=len(items))
    encoder.bytes += OBJECT * len(items)
    data = lengths.tobytes() + text.encode(*ENCODING)
    return {"d": "text", "n": len(items), "b": encoder.add(data)}


def _tensor_writer(encoder: EncoderBase, items: Any) -> Write | None:
    """Return a function that writes 0-d tensors of one dtype that are only numbers."""
    if not encoder.packs_tensors or len({(one.dtype, one.device) for one in items}) > 1:
        return None
    if not all(map(_is_number, items)):
        return None
    return lambda: _write_tensors(encoder, items)


def _is_number(tensor: Any) -> bool:
    check_plain(tensor)
    is_special = (
        tensor.is_nested
        or tensor.is_quantized
        or tensor.is_meta
        or tensor.layout is not torch.strided
        or str(tensor.dtype).removeprefix("torch.") not in _TENSORS
    )
    if is_special or tensor.ndim or tensor.requires_grad:
        return False
    return gradient_of(tensor) is None


def _write_tensors(encoder: EncoderBase, items: Any) -> Column:
    """Write each tensor once: a list may hold the same one twice."""
    new = {id(one): one for one in items if encoder.number_of(one) is None}
    dtype = next(iter(items)).dtype
    data = b""
    if new:
        flat = torch.stack(list(new.values())).cpu().resolve_conj().resolve_neg()
        data = flat.view(torch.uint8).numpy().tobytes()
    first = encoder.number_each(new.values(), _TENSOR)
    places = np.fromiter(map(encoder.number_of, items), dtype=_PLACE, count=len(items))
    encoder.bytes += _TENSOR * len(items)
    return {
        "d": "tensors",
        "t": str(dtype).removeprefix("torch."),
        "first": first,
        "b": encoder.add(data),
        "p": encoder.add(places),
    }


# --- Decoding --------------------------------------------------------------------


def items_of(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    """Return the items of a column. Raises CodecError."""
    if node["d"] != "mixed":
        return _items(decoder, node)
    kinds = np.frombuffer(decoder.bytes_of(node), dtype=np.uint8).tolist()
    columns = [_items(decoder, one) for one in list_of(node, "v")]
    counts = Counter(kinds)
    if max(counts, default=0) > len(columns) or any(
        counts[number] != len(column) for number, column in enumerate(columns, 1)
    ):
        raise CodecError("columns of different lengths")
    sources: list[Iterator[Any]] = [repeat(None), *map(iter, columns)]
    return [next(sources[kind]) for kind in kinds]


def count_of(decoder: DecoderBase, node: Mapping[str, Any]) -> int:
    """Return how many objects the node holds, and count the memory that they take."""
    count: int = node["n"]
    if type(count) is not int or count < 0:
        raise CodecError("an invalid number of values")
    decoder.count_bytes(OBJECT * count)
    return count


def _items(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    """Return the items of a column of one kind."""
    name = node["d"]
    if name == "text":
        return _texts(decoder, node)
    if name == "scalars":
        return _scalars(decoder, node)
    if name == "tensors":
        return _tensors(decoder, node)
    if name not in _NUMBERS.values():
        raise CodecError("an unknown kind of numbers")
    items: list[Any] = _numbers(decoder.bytes_of(node), name).tolist()
    if "nan" in node:
        nan = missing_numbers.named(node)
        return [one if one == one else nan for one in items]  # noqa: PLR0124 - NaN
    return items


def _numbers(raw: Any, name: str) -> Any:
    # A byte other than 0 and 1 would be neither true nor false.
    is_truth = name == "|b1"
    return np.frombuffer(raw, np.uint8) != 0 if is_truth else np.frombuffer(raw, name)


def _scalars(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    name = node["t"]
    if not isinstance(name, str) or not is_flat(name):
        raise CodecError("a dtype that cannot be sent")
    found = _numbers(decoder.bytes_of(node), name)
    decoder.count_bytes(OBJECT * len(found))
    return list(found)


def _tensors(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    dtype, raw = _TENSORS[node["t"]], decoder.bytes_of(node)
    places = np.frombuffer(_buffer(decoder, node["p"]), dtype=_PLACE).tolist()
    decoder.count_bytes(_TENSOR * (len(places) + raw.nbytes // dtype.itemsize))
    new: list[Any] = []
    if raw.nbytes:
        flat = torch.frombuffer(raw, dtype=torch.uint8)
        flat = flat != 0 if dtype is torch.bool else flat.clone().view(dtype)
        new = [one.clone() for one in flat.unbind()]
    decoder.keep_each(node["first"], new, _TENSOR)
    items = [decoder.part(place) for place in places]
    if not set(map(type, items)) <= {torch.Tensor}:
        raise CodecError("something other than tensors")
    return items


def _buffer(decoder: DecoderBase, number: object) -> Any:
    return decoder.bytes_of({"b": number})


def _texts(decoder: DecoderBase, node: Mapping[str, Any]) -> list[Any]:
    count, raw = count_of(decoder, node), decoder.bytes_of(node)
    start = count * _LENGTH.itemsize
    if start > raw.nbytes:
        raise CodecError("invalid texts")
    lengths: Sequence[int] = np.frombuffer(raw[:start], dtype=_LENGTH).tolist()
    ends = list(accumulate(lengths, initial=0))
    text = str(raw[start:], *ENCODING)
    if ends[-1] != len(text):
        raise CodecError("texts whose lengths do not fit")
    return [text[first:last] for first, last in pairwise(ends)]
