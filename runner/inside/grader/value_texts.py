"""The text by which a check shows a value, which `plain_of` has returned."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import prod
from typing import Any, Final

import numpy as np
import torch

from runner.inside.grader.close_values import array_of
from runner.inside.grader.plain_values import NoValue, is_table, plain_of
from runner.protocol.check_reports import TEXT_LENGTH

# How many items are shown of a container, by how deep it stands in others.
_ITEMS_SHOWN: Final = (20, 6, 4, 3)
_CHARACTERS_SHOWN: Final = 300
_LARGEST_WRITTEN: Final = 10**60
_DIGITS_PER_BIT: Final = 0.30103
# A set of more items is shown in the order that it has.
_MOST_SORTED: Final = 1000


def text_of(plain: Any, longest: int = TEXT_LENGTH) -> str:
    """Return the text of a value, cut to that length."""
    text = f"{_how_many(plain)}{_text(plain, 0)}"
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _how_many(plain: Any) -> str:
    """Return how many items a container has, if they are not all shown."""
    is_container = isinstance(plain, list | tuple | frozenset | dict)
    if is_container and len(plain) > _ITEMS_SHOWN[0]:
        name = type(plain).__name__.removeprefix("frozen")
        return f"{name} of {len(plain)} items: "
    return ""


def _text(plain: Any, depth: int) -> str:
    write = _WRITE.get(type(plain))
    if write is not None:
        return write(plain, depth)
    if is_table(plain):
        return f"{type(plain).__name__} of shape {tuple(plain.shape)}"
    return str(plain)


def _of_text(plain: Any, _: int) -> str:
    text = repr(plain[:_CHARACTERS_SHOWN])
    return text if len(plain) <= _CHARACTERS_SHOWN else f"{text}…"


def _of_whole_number(number: int, _: int) -> str:
    if -_LARGEST_WRITTEN < number < _LARGEST_WRITTEN:
        return str(number)
    digits = int(number.bit_length() * _DIGITS_PER_BIT) + 1
    return f"a whole number of about {digits} digits"


def _of_tuple(plain: tuple[Any, ...], depth: int) -> str:
    comma = "," if len(plain) == 1 else ""
    return f"({_shown(plain, depth)}{comma})"


def _of_set(plain: frozenset[Any], depth: int) -> str:
    """Return the text of a set: its items in an order that is the same each time."""
    items = list(islice(plain, _MOST_SORTED))
    if len(plain) <= _MOST_SORTED:
        items.sort(key=lambda one: (type(one).__name__, _text(one, 1)))
        items.sort(key=lambda one: one if type(one) in {int, float} else 0)
    more = ", …" if len(plain) > _MOST_SORTED else ""
    return f"{{{_shown(items, depth)}{more}}}" if plain else "set()"


def _of_dictionary(plain: dict[Any, Any], depth: int) -> str:
    pairs = (
        f"{_text(key, depth + 1)}: {_text(value, depth + 1)}"
        for key, value in plain.items()
    )
    return f"{{{_first(pairs, len(plain), depth)}}}"


def _shown(items: Sequence[Any], depth: int) -> str:
    return _first((_text(one, depth + 1) for one in items), len(items), depth)


def _first(texts: Iterable[str], count: int, depth: int) -> str:
    """Return the first texts, as many as are shown at this depth."""
    most = _ITEMS_SHOWN[depth] if depth < len(_ITEMS_SHOWN) else 0
    shown = list(islice(texts, most))
    return ", ".join([*shown, "…"] if count > most else shown)


def _of_array(array: Any, depth: int) -> str:
    """Return shape and dtype of the array, and its values if they are few."""
    shape = tuple(array.shape)
    what = "tensor" if isinstance(array, torch.Tensor) else "array"
    dtype = str(array.dtype).removeprefix("torch.")
    words = f"{what} of shape {shape}, {dtype}"
    if depth or not 0 < prod(shape) <= _ITEMS_SHOWN[0]:
        return words
    values = _plain_items(array_of(array))
    return f"{words}: {_text(values, depth)}"


def _plain_items(array: Any) -> Any:
    """Return an array as lists, with the shortest numbers that it may stand for."""
    if array.ndim == 0:
        found = plain_of(array[()])
        # A time that is none of Python's own stays an array.
        return NoValue(str(array)) if isinstance(found, np.ndarray) else found
    return [_plain_items(one) if array.ndim > 1 else plain_of(one) for one in array]


_WRITE: Final[dict[type, Callable[[Any, int], str]]] = {
    NoValue: lambda plain, _: plain.text,
    str: _of_text,
    bytes: _of_text,
    **dict.fromkeys((bool, float, complex, type(None)), lambda plain, _: repr(plain)),
    **dict.fromkeys((Fraction, Decimal, range), lambda plain, _: str(plain)),
    int: _of_whole_number,
    list: lambda plain, depth: f"[{_shown(plain, depth)}]",
    tuple: _of_tuple,
    frozenset: _of_set,
    dict: _of_dictionary,
    **dict.fromkeys((np.ndarray, torch.Tensor), _of_array),
}
