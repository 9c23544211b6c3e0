"""Whether two answers are close: the same structure, with numbers that `allclose` accepts.

A dataset may compute an item at first and keep it in a smaller dtype, or give a tensor
for an array. So dtypes, and the containers of arrays, are not compared.
"""

import sys
from collections import deque
from collections.abc import Callable, ItemsView, ValuesView
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import torch

_ARRAYS: Final = (np.ndarray, np.generic, torch.Tensor)
_NUMBERS: Final = (bool, int, float, complex)
_WHOLE: Final = frozenset("biu")
_NUMERIC: Final = frozenset("biufc")
_TABLES: Final = {"DataFrame": "frame", "Series": "series", "Index": "index"}
# The defaults of `np.allclose`. A dtype that is less exact has its own tolerance.
_RELATIVE: Final = 1e-5
_ABSOLUTE: Final = 1e-8


class AnyObject:
    """What stands in an answer for an object of the notebook's: all are alike."""


def are_close(one: object, other: object) -> bool:
    """Return whether the two values are equal but for rounding."""
    try:
        return _is_close(one, other)
    except (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError):
        return False


def _is_close(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, _ARRAYS) or isinstance(other, _ARRAYS):
        return _are_close_arrays(one, other)
    if isinstance(one, _NUMBERS) and isinstance(other, _NUMBERS):
        return bool(one == other) or _are_close_arrays(one, other)
    for kinds, compare in _CONTAINERS:
        if isinstance(one, kinds):
            return isinstance(other, kinds) and compare(one, other)
    table = _table_of(one)
    if table:
        return table == _table_of(other) and _are_close_tables(table, one, other)
    return type(one) is type(other) and (
        isinstance(one, AnyObject) or bool(one == other)
    )


def _are_close_lists(one: Any, other: Any) -> bool:
    return len(one) == len(other) and all(map(_is_close, one, other))


def _are_close_dictionaries(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    if len(one) != len(other):
        return False
    return all(
        key in other and _is_close(value, other[key]) for key, value in one.items()
    )


def _are_equal_sets(one: Any, other: Any) -> bool:
    parts = (
        {part for part in each if not isinstance(part, AnyObject)}
        for each in (one, other)
    )
    left, right = parts
    return len(one) == len(other) and left == right


_CONTAINERS: Final[tuple[tuple[Any, Callable[[Any, Any], bool]], ...]] = (
    *((kind, _are_close_lists) for kind in (list, tuple, deque)),
    (dict, _are_close_dictionaries),
    ((set, frozenset), _are_equal_sets),
    (SimpleNamespace, lambda one, other: _is_close(vars(one), vars(other))),
    (ItemsView, lambda one, other: _is_close(dict(one), dict(other))),
    (ValuesView, lambda one, other: _is_close(list(one), list(other))),
)


# --- Arrays -----------------------------------------------------------------------


def _are_close_arrays(one: Any, other: Any) -> bool:
    left, right = array_of(one), array_of(other)
    if left.shape != right.shape:
        return False
    kinds = {left.dtype.kind, right.dtype.kind}
    if kinds <= _WHOLE:
        return bool((left == right).all())
    if not kinds <= _NUMERIC:
        return _is_close(left.tolist(), right.tolist())
    relative = max(_RELATIVE, _rounding_of(one), _rounding_of(other))
    exact = np.result_type(left, right, np.float64)
    return np.allclose(
        left.astype(exact), right.astype(exact), relative, _ABSOLUTE, equal_nan=True
    )


def array_of(value: Any) -> np.ndarray[Any, Any]:
    """Return an array or a tensor, or what may be written as one, as an array of numpy."""
    if not isinstance(value, torch.Tensor):
        return np.asarray(value)
    plain = value.detach().cpu().to_dense()
    if plain.is_quantized:
        plain = plain.dequantize()
    if plain.is_floating_point() and plain.dtype not in _FLOATS:
        plain = plain.float()  # numpy has no such dtype
    return plain.resolve_conj().resolve_neg().numpy()


_FLOATS: Final = (torch.float16, torch.float32, torch.float64)


def _rounding_of(value: Any) -> float:
    """Return the relative difference of two neighbours of the value's dtype."""
    dtype = getattr(value, "dtype", None)
    if isinstance(dtype, torch.dtype):
        is_inexact = dtype.is_floating_point or dtype.is_complex
        return float(torch.finfo(dtype).eps) if is_inexact else 0.0
    is_inexact = isinstance(dtype, np.dtype) and dtype.kind in "fc"
    return float(np.finfo(dtype).eps) if is_inexact else 0.0


# --- Tables of pandas -------------------------------------------------------------


def _table_of(value: object) -> str:
    """Return the word by which pandas compares values of this class, or ""."""
    pandas: Any = sys.modules.get("pandas")
    for name, word in _TABLES.items():
        if isinstance(value, getattr(pandas, name, ())):
            return word
    return ""


def _are_close_tables(word: str, one: Any, other: Any) -> bool:
    testing: Any = sys.modules["pandas"].testing
    tolerance: dict[str, Any] = {"rtol": _RELATIVE, "atol": _ABSOLUTE}
    if word == "index":
        tolerance |= {"exact": False, "check_exact": False}
    else:
        tolerance |= {"check_dtype": False, "check_freq": False, "check_flags": False}
    try:
        getattr(testing, f"assert_{word}_equal")(one, other, **tolerance)
    except AssertionError:
        return False
    return True
