"""Answers of the student's process about an object, and the keys they are stored by."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

import numpy as np
import torch

from runner.inside.grader import refusals

Ask = Callable[[], Any]
SIZED: Final = frozenset((list, tuple, str, bytes, np.ndarray, torch.Tensor))
_PLAIN_KEYS: Final = (int, str, bool, float, bytes, type(None))
_NUMBERS: Final = (int, float, complex, np.generic)


class NotDataError(TypeError):
    """Raised when a test needs a value, and the student's code gave an object of its own.

    A check that met one cannot pass. Otherwise a test that expects a TypeError of the
    student's code would accept this one.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        refusals.note(self)


@dataclass(frozen=True)
class Answer:
    """A value, or the exception that was raised instead."""

    value: object = None
    error: Exception | None = None

    def give(self) -> Any:
        """Return the value, or raise the exception."""
        if self.error is not None:
            raise self.error
        return self.value


def answer_of(ask: Ask) -> Answer:
    """Return the answer. An error that ends the conversation is raised."""
    try:
        return Answer(ask())
    except (AttributeError, LookupError) as error:
        return Answer(error=error)


def is_index_slice(key: object) -> TypeGuard[slice]:
    """Return whether the key is a slice by indices."""
    if not isinstance(key, slice) or key.step == 0:
        return False
    return all(part is None or type(part) is int for part in slice_parts(key))


def slice_parts(key: slice) -> tuple[object, object, object]:
    """Return the three parts of the slice."""
    return key.start, key.stop, key.step


def known_key(key: object) -> tuple[object, ...] | None:
    """Return the key for storing an answer, or None if it is not to be stored."""
    parts: tuple[object, ...] = (key,)
    if isinstance(key, slice):
        parts = slice_parts(key)
    elif isinstance(key, tuple):
        parts = key
    if not all(isinstance(part, _PLAIN_KEYS) for part in parts):
        return None
    return type(key), tuple(map(type, parts)), parts


def with_slice(items: list[object], key: slice, values: Any) -> list[object]:
    """Return the items with these values at a slice's places."""
    for place, value in zip(range(len(items))[key], values, strict=True):
        items[place] = value
    return items


def kind_of(value: object) -> object:
    """Return the type of an item; one value for all numbers, and one for all objects."""
    if isinstance(value, _NUMBERS):
        return "number"
    kind = type(value)
    return kind if kind.__module__ != "runner.inside.grader.handles" else "object"


def is_same(value: Any, items: list[Any]) -> bool:
    """Return whether an array, a tensor or text consists of exactly these items."""
    try:
        if isinstance(value, torch.Tensor):
            due = torch.stack([torch.as_tensor(one) for one in items])
            both_nan = (value != value) & (due != due)  # noqa: PLR0124 - so NaN is found
            return value.shape == due.shape and bool(((value == due) | both_nan).all())
        if isinstance(value, np.ndarray):
            is_float = value.dtype.kind in "fc"
            return np.array_equal(value, np.asarray(items), equal_nan=is_float)
        return list(value) == items
    except (TypeError, ValueError, RuntimeError):
        return False


def are_keys(items: list[object], pairs: dict[object, object]) -> bool:
    """Return whether the items are the keys of the pairs, of the same kinds."""
    if list(map(kind_of, items)) != list(map(kind_of, pairs)):
        return False
    try:
        return bool(items == list(pairs))
    except (TypeError, ValueError, RuntimeError):
        return False


def are_alike(plain: Any, items: list[Any]) -> bool:
    """Return whether a list or the like has these items; a set has no order."""
    if isinstance(plain, set | frozenset):
        return len(plain) == len(items) and plain == {
            one for one in items if is_hashable(one)
        }
    return len(plain) == len(items) and all(map(_is_alike, plain, items))


def _is_alike(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if kind_of(one) != kind_of(other) or kind_of(one) == "object":
        return False
    if isinstance(one, np.ndarray | torch.Tensor):
        return one.shape == other.shape and is_same(one, list(other))
    try:
        return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN
    except (TypeError, ValueError, RuntimeError):
        return False


def is_hashable(value: object) -> bool:
    """Return whether the value can be a key."""
    try:
        hash(value)
    except TypeError:
        return False
    return True
