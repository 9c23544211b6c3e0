"""Numpy's arrays, scalars and dtypes, made from their description in a pickle."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from runner.inside.readers.parts import Maker, Name, Pending
from runner.inside.readers.unreadable import NotReadError, UnreadableError

_CODE: Final = re.compile(r"[?biufcSUOV][0-9]{0,9}|[mM]8")
_UNIT: Final = re.compile(rb"Y|M|W|D|h|m|s|ms|us|ns|ps|fs|as|generic")
_ORDERS: Final = frozenset("<>|=")
_ALIGNED: Final = 0x80
_LARGEST: Final = 2**40
_LAST_CHARACTER: Final = 0x10FFFF
_DIMENSIONS: Final = 32
_FIELDS: Final = 256


def check_array(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return the array. Raises UnreadableError for bytes that its dtype cannot have."""
    dtype = array.dtype
    if dtype.names is not None:
        for name in dtype.names:
            check_array(array[name])
    elif dtype.kind == "b" and array.size and array.view(np.uint8).max() > 1:
        raise UnreadableError("an array of booleans holds a byte other than 0 and 1")
    elif dtype.kind == "U" and array.size and dtype.itemsize:
        points = np.ascontiguousarray(array).reshape(-1).view(dtype.str[0] + "u4")
        if points.max() > _LAST_CHARACTER:
            raise UnreadableError(
                "an array of text holds a number that is not a character"
            )
    return array


def shape_of(sizes: object) -> tuple[int, ...]:
    """Return the shape, checked. Raises UnreadableError if it is invalid."""
    if type(sizes) is not tuple or len(sizes) > _DIMENSIONS:
        raise UnreadableError("an array has an invalid shape")
    if not all(type(size) is int and 0 <= size < _LARGEST for size in sizes):
        raise UnreadableError("an array has an invalid shape")
    return sizes


# --- Dtypes ----------------------------------------------------------------------


def _dtype(code: object, align: object = False, copy: object = True) -> object:  # noqa: FBT002 - as numpy pickles it
    if type(code) is not str or not _CODE.fullmatch(code):
        raise NotReadError(f"an array has the unsupported dtype {code}")
    return Pending(lambda state: _finished_dtype(code, state))


def _finished_dtype(code: str, state: object) -> Any:
    if type(state) is not tuple or len(state) not in (8, 9):
        raise UnreadableError("a dtype is invalid")
    _, order, part, names, fields, size, _, flags = state[:8]
    if order not in _ORDERS:
        raise UnreadableError("a dtype has an invalid byte order")
    made: Any
    if names is not None:
        made = _records(names, fields, size, bool(flags & _ALIGNED))
    elif part is not None:
        made = np.dtype((exactly_dtype(part[0]), shape_of(part[1])))
    elif code[0] in "mM":
        made = np.dtype(f"{order}{code}{_unit(state[8:])}")
    else:
        made = np.dtype(order + code)
    if made.itemsize > _LARGEST or (
        made.kind == "V" and not made.names and part is None
    ):
        raise NotReadError("a dtype is raw bytes (void), or too large")
    return np.dtype(made)


def _unit(metadata: Any) -> str:
    _, (unit, count, *_) = metadata[0]
    if type(unit) is not bytes or not _UNIT.fullmatch(unit) or type(count) is not int:
        raise UnreadableError("a dtype has an invalid unit of time")
    return "" if unit == b"generic" else f"[{count}{unit.decode()}]"


def _records(names: Any, fields: Any, size: Any, aligned: bool) -> np.dtype[Any]:  # noqa: FBT001 - a flag of the dtype
    if type(names) is not tuple or type(fields) is not dict or len(names) > _FIELDS:
        raise UnreadableError("a structured dtype has invalid fields, or too many")
    if not names or set(names) != set(fields):
        raise NotReadError("a structured dtype has no fields, or fields with titles")
    parts = [fields[name] for name in names]
    formats = [exactly_dtype(part[0]) for part in parts]
    if any(each.hasobject for each in formats):
        raise NotReadError("a structured dtype has fields of objects")
    return np.dtype(
        {
            "names": [_exactly(name, str) for name in names],
            "formats": formats,
            "offsets": [_exactly(part[1], int) for part in parts],
            "itemsize": _exactly(size, int),
        },
        align=aligned,
    )


def exactly_dtype(value: object) -> np.dtype[Any]:
    """Return the value. Raises UnreadableError if it is not a finished dtype of numpy."""
    if not isinstance(value, np.dtype):
        raise UnreadableError("the file has another value where a dtype is expected")
    return value


def _exactly(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise UnreadableError(
            f"the file has another value where {kind.__name__} is expected"
        )
    return value


# --- Arrays and scalars ----------------------------------------------------------


def _reconstruct(kind: object, shape: object, code: object) -> Pending:
    if kind != Name("numpy.ndarray"):
        raise NotReadError("an array is not of the class numpy.ndarray")
    return Pending(_finished_array)


def _finished_array(state: object) -> Any:
    if type(state) is not tuple or len(state) not in (4, 5):
        raise UnreadableError("the description of an array is invalid")
    sizes, dtype, fortran, content = state[-4:]
    shape, order = shape_of(sizes), "F" if _exactly(fortran, bool) else "C"
    if exactly_dtype(dtype).hasobject:
        return _of_objects(shape, order, content)
    array = _of_bytes(content, dtype, shape, order)
    # numpy does the same with an array from a machine of other byte order.
    is_native = dtype.isnative or dtype.names is not None
    return array if is_native else array.astype(dtype.newbyteorder("="))


def _of_objects(shape: tuple[int, ...], order: Any, content: object) -> Any:
    items = _exactly(content, list)
    if len(items) != math.prod(shape):
        raise UnreadableError("an array's shape does not fit its content")
    flat = np.empty(len(items), dtype=object)
    for place, item in enumerate(items):
        flat[place] = item
    return flat.reshape(shape, order=order)


def _of_bytes(content: Any, dtype: Any, shape: tuple[int, ...], order: Any) -> Any:
    if type(content) not in (bytes, bytearray):
        raise UnreadableError("an array's content is not bytes")
    if math.prod(shape) * dtype.itemsize != len(content):
        raise UnreadableError("an array's shape does not fit its content")
    if not content:
        return np.empty(shape, dtype=dtype, order=order)
    flat = np.frombuffer(bytearray(content), dtype=dtype)
    # A dtype with a shape of its own has added that to the flat array's shape.
    return check_array(flat.reshape(shape + flat.shape[1:], order=order))


def _from_buffer(content: object, dtype: object, shape: object, order: object) -> Any:
    if order not in ("C", "F"):
        raise UnreadableError("an array's order is neither C nor F")
    if exactly_dtype(dtype).hasobject:
        raise NotReadError("an array of objects is stored as a buffer")
    return _of_bytes(content, dtype, shape_of(shape), order)


def _scalar(dtype: object, content: object = b"") -> Any:
    if exactly_dtype(dtype).hasobject:
        raise NotReadError("a numpy scalar is an object")
    return _of_bytes(content, dtype, (), "C")[()]


_CORES: Final = ("numpy.core", "numpy._core")
DTYPE: Final = "numpy.dtype"
# Names that stand in a pickle only as arguments of these functions.
ARGUMENTS: Final = frozenset({"numpy.ndarray"})
# The functions that torch.load allows with weights_only, too.
WITH_WEIGHTS: Final[Mapping[str, Maker]] = {
    DTYPE: _dtype,
    **{f"{core}.multiarray._reconstruct": _reconstruct for core in _CORES},
    **{f"{core}.multiarray.scalar": _scalar for core in _CORES},
}
MAKERS: Final[Mapping[str, Maker]] = {
    **WITH_WEIGHTS,
    **{f"{core}.numeric._frombuffer": _from_buffer for core in _CORES},
}
