"""The items of an object of the notebook's, taken all at once for a grader."""

import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch

from runner.inside.values import own_operators
from runner.inside.values.codec import Encoder, RefusedError

_MAX_ITEMS: Final = 100_000
# An object that may also be asked for single items is taken whole only if it is small.
_MOST_ITERATORS: Final = 16
_MUTABLE: Final = (list, dict, set, bytearray, deque, np.ndarray, torch.Tensor)
_FEW_ITEMS: Final = 512
_FEW_BYTES: Final = 16 * 2**20
_FEW_SECONDS: Final = 0.25

# The methods that give views of a mapping.
_VIEWS: Final = frozenset(("keys", "values", "items"))

EncoderMaker = Callable[[], Encoder]


def operations(make: EncoderMaker) -> dict[str, Callable[..., object]]:
    """Return what a grader may ask for that gives items, by its name."""
    return {
        "items": items,
        "count": count,
        "reversed": backwards,
        "mapping": mapping,
        "pairs": lambda value, is_few: pairs(value, is_few, make),
        "indexed": lambda value, is_few: indexed(value, is_few, make),
        "next": Steps().next_item,
    }


def items(value: Any) -> object:
    """Return all items at once, the length, and whether the object is a mapping.

    None stands for an iterator, which gives its items one by one.
    """
    iterator = iter(value)
    if iterator is value:
        return None
    return [_all_of(iterator), length_of(value), hasattr(type(value), "keys")]


def count(value: Any) -> object:
    """Return how many items an iteration gives, or None for an iterator."""
    iterator = iter(value)
    return None if iterator is value else len(_all_of(iterator))


def backwards(value: Any) -> object:
    """Return all items in the order of `reversed`, and the length."""
    return [_all_of(reversed(value)), length_of(value)]


class Steps:
    """Iterators, advanced one item at a time.

    The last item of each of the latest iterators is kept, to notice one that is given
    again.
    """

    def __init__(self) -> None:
        self._last: OrderedDict[int, tuple[object, object]] = OrderedDict()

    def next_item(self, iterator: Any) -> object:
        """Return a list with the next item, or an empty one at the end.

        If the item is the same object as the previous one, True follows it. For a
        tuple, a list follows that says so for each of its parts.
        """
        key = id(iterator)
        try:
            item = next(iterator)
        except StopIteration:
            self._last.pop(key, None)
            return []
        _, before = self._last.pop(key, (iterator, None))
        self._last[key] = iterator, item
        if len(self._last) > _MOST_ITERATORS:
            self._last.popitem(last=False)
        same = is_same(item, before)
        return [item] if same is False else [item, same]


def is_same(item: object, before: object) -> bool | list[bool]:
    """Return whether an item is the one before it again, for a tuple of each part."""
    if type(item) is tuple and type(before) is tuple and len(item) == len(before):
        parts = [is_same(*pair) is True for pair in zip(item, before, strict=True)]
        return parts if any(parts) else False
    return item is before and isinstance(item, _MUTABLE)


def mapping(value: Any) -> object:
    """Return all keys and values at once and the length, or None for no mapping.

    A class of the notebook's with its own `keys`, `values` or `items` is None as well: a
    test calls these methods.
    """
    if not _is_mapping(value) or any(map(_has_own_views, type(value).__mro__)):
        return None
    return [[[key, value[key]] for key in _all_of(value.keys())], length_of(value)]


def pairs(value: Any, is_few: bool, make: EncoderMaker) -> object:  # noqa: FBT001 - an operand
    """Return the result of `mapping`, or False if the items cannot be taken.

    If `is_few`, False also if taking them is slow or large.
    """
    if not _is_mapping(value):
        return None
    bounds = _Bounds(make, is_few=is_few)
    found = []
    try:
        if is_few and (length_of(value) or 0) > _FEW_ITEMS:
            return False
        for key in _all_of(value.keys()):
            found.append([key, value[key]])
            if not bounds.hold(found[-1]):
                return False
        return [found, length_of(value)]
    except Exception:  # noqa: BLE001 - a student's code may raise anything
        return False


def indexed(value: Any, is_few: bool, make: EncoderMaker) -> object:  # noqa: FBT001 - an operand
    """Return all items by their indices and the length.

    None stands for too many of them, False for an object that has none. If `is_few`,
    items that are slow to take or large count as too many.
    """
    bounds = _Bounds(make, is_few=is_few)
    try:
        length = length_of(value)
        if (length is None and is_few) or (length or 0) > bounds.items:
            return None
        found = _by_index(value, length, bounds)
    except Exception:  # noqa: BLE001 - a student's code may raise anything
        return False
    return None if found is None else [found, length]


def _by_index(value: Any, length: int | None, bounds: "_Bounds") -> list[object] | None:
    """Return the items, up to an IndexError if there is no length, or None for too many."""
    found: list[object] = []
    for index in range(bounds.items if length is None else length):
        try:
            found.append(value[index])
        except IndexError:
            if length is None:
                return found
            raise
        if not bounds.hold(found[-1]):
            return None
    return None if length is None else found


class _Bounds:
    """The limits within which an object is taken whole, if it also gives single items."""

    def __init__(self, make: EncoderMaker, *, is_few: bool) -> None:
        self.items = _FEW_ITEMS if is_few else _MAX_ITEMS
        self._is_few = is_few
        self._encoder = make()
        self._end = time.monotonic() + _FEW_SECONDS

    def hold(self, item: object) -> bool:
        """Return whether this item, too, is within the limits."""
        if not self._is_few:
            return True
        try:
            self._encoder.encode(item, depth=1)
        except RefusedError:
            return False
        is_soon = time.monotonic() < self._end
        return is_soon and self._encoder.bytes <= _FEW_BYTES and self._encoder.fits


def _is_mapping(value: Any) -> bool:
    methods = ("keys", "values", "items", "__getitem__")
    return all(callable(getattr(type(value), name, None)) for name in methods)


def _has_own_views(kind: type) -> bool:
    return not _VIEWS.isdisjoint(vars(kind)) and own_operators.is_notebook_s(kind)


def length_of(value: Any) -> int | None:
    """Return the length that the object gives for itself, or None."""
    return len(value) if hasattr(type(value), "__len__") else None


def _all_of(iterable: Any) -> list[object]:
    found = list(itertools.islice(iterable, _MAX_ITEMS + 1))
    if len(found) > _MAX_ITEMS:
        raise TypeError(f"a test can loop over {_MAX_ITEMS:,} items at most")
    return found
