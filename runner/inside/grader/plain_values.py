"""Values as Python's own classes and arrays have them.

SECURITY: a value of a class of the notebook's is read by the methods of Python's own
class, and an object of the notebook's is refused. So nothing here asks the snapshot.
"""

import datetime as dt
import sys
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.handle_parts import is_handle

NUMBERS: Final = (bool, int, float, complex, Fraction, Decimal)
ARRAYS: Final = (np.ndarray, torch.Tensor)
# Of these, a list holds nothing that has to be read any further.
_ATOMS: Final = frozenset((type(None), bool, int, float, complex, str, bytes))
_WHOLE: Final = frozenset(
    (
        *_ATOMS,
        *(Fraction, Decimal, range, torch.dtype, torch.device),
        *(dt.date, dt.time, dt.datetime, dt.timedelta),
    )
)
_TABLES: Final = ("DataFrame", "Series", "Index")


@dataclass(frozen=True)
class NoValue:
    """What stands for a thing that is no value, such as a function."""

    text: str


def plain_of(value: Any) -> Any:
    """Return the value in Python's own classes; arrays, tensors and tables stay.

    Sets become frozensets, so that they may stand in each other.
    What is no value becomes a `NoValue`. Raises NotDataError for an object of the
    notebook's, and RecursionError for a value that holds itself.
    """
    if is_handle(value):
        raise NotDataError(
            "`expect` compares values, and the student's code gave an object of its own: "
            "let the test read an attribute of it, or call a method"
        )
    kind = type(value)
    if kind in _WHOLE or is_table(value):
        return value
    for base, read in _READ:
        if issubclass(kind, base) and not issubclass(kind, np.ma.MaskedArray):
            return read(value)
    if isinstance(value, np.dtype):
        return str(value)
    return NoValue(f"no value, but a {kind.__name__}")


def is_table(value: object) -> bool:
    """Return whether the value is a table, a column or an index of pandas."""
    pandas: Any = sys.modules.get("pandas")
    return any(isinstance(value, getattr(pandas, name, ())) for name in _TABLES)


def _items(values: Iterable[Any]) -> list[Any]:
    found = list(values)
    is_read = set(map(type, found)) <= _ATOMS
    return found if is_read else list(map(plain_of, found))


def _set_of(items: list[Any]) -> Any:
    try:
        return frozenset(items)
    except TypeError:
        return NoValue("a view of items that cannot be in a set")


def _scalar(value: Any) -> Any:
    """Return a number of numpy's as Python's own, or as text if there is none.

    Of a number that is less exact than Python's, the shortest one is taken that it may
    stand for: 0.1 for `np.float32(0.1)`, which equals 0.1 in numpy, too.
    """
    if isinstance(value, np.floating):
        return float(str(value))
    if isinstance(value, np.datetime64 | np.timedelta64):
        return _time(value)
    found = value.item()
    return str(value) if isinstance(found, np.generic) else plain_of(found)


def _time(value: Any) -> Any:
    """Return Python's own time, or an array of one if that is less exact, or none."""
    unit = f"{value.dtype.kind}8[us]"
    exact = value.astype(unit) if np.datetime_data(value.dtype)[0] == "ns" else value
    found = exact.item() if exact == value else None
    return found if isinstance(found, dt.date | dt.timedelta) else np.asarray(value)


def _array(value: Any) -> Any:
    return np.ndarray.view(value, np.ndarray)


_READ: Final[tuple[tuple[type, Callable[[Any], Any]], ...]] = (
    (str, str.__str__),
    (bytes, bytes.__bytes__),
    *((kind, bytes) for kind in (bytearray, memoryview)),
    (np.generic, _scalar),
    (int, int.__int__),
    (float, float.__float__),
    (complex, complex.__complex__),
    (list, lambda value: _items(list.__iter__(value))),
    (deque, lambda value: _items(deque.__iter__(value))),
    (tuple, lambda value: tuple(_items(tuple.__iter__(value)))),
    (set, lambda value: frozenset(_items(set.__iter__(value)))),
    (frozenset, lambda value: frozenset(_items(frozenset.__iter__(value)))),
    # Python compares these views as sets.
    (type({}.keys()), lambda value: frozenset(_items(value))),
    (type({}.items()), lambda value: _set_of(_items(value))),
    (
        dict,
        lambda value: {
            plain_of(key): plain_of(item) for key, item in dict.items(value)
        },
    ),
    (np.ndarray, _array),
    (torch.Tensor, lambda value: value.detach().as_subclass(torch.Tensor)),
)
