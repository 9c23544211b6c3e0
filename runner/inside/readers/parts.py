"""Placeholders used while a pickle is read, and the dialect of what it may hold."""

import datetime as dt
import decimal
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from runner.inside.readers.unreadable import NotReadError

Maker = Callable[..., object]
_MAX_KEY: Final = 32
_KEYS: Final = frozenset(
    (
        *(str, bytes, int, float, complex, bool, type(None), frozenset),
        *(dt.date, dt.datetime, dt.timedelta, decimal.Decimal),
    )
)


@dataclass(frozen=True)
class Name:
    """The name of a class or function: module, dot, qualified name."""

    path: str


@dataclass(eq=False)
class Other:
    """A hole: an object of a class that these readers do not make."""

    path: str


@dataclass(eq=False)
class Pending:
    """An object that a pickle creates first, and gives its state later.

    `places` are its numbers in the pickle's memo, where the finished object replaces it.
    """

    finish: Maker
    places: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """The contents that one kind of pickle may have.

    `makers` and `constants` are found by name. `others` says whether it may hold
    objects of other classes. `instructions`, if given, are the only ones allowed.
    """

    makers: Mapping[str, Maker]
    constants: Mapping[str, object] = field(default_factory=dict)
    arguments: Collection[str] = ()
    others: bool = False
    maps_always: bool = False
    instructions: Collection[int] | None = None
    stored: Callable[[object], object] | None = None
    encoding: str = "ascii"

    def knows(self, path: str) -> bool:
        """Return whether the name may stand in such a pickle."""
        return path in self.makers or path in self.arguments


def check_key(key: object) -> None:
    """Raise NotReadError unless the value can be a key: plain, and not large."""
    waiting, count = [key], 0
    while waiting:
        each = waiting.pop()
        count += 1
        if count > _MAX_KEY:
            raise NotReadError(f"a key has more than {_MAX_KEY} parts")
        if type(each) is tuple:
            waiting += each[: _MAX_KEY + 1]
        elif type(each) not in _KEYS and not _is_scalar(each):
            raise NotReadError(
                f"a key is of the unsupported class {type(each).__name__}"
            )


def _is_scalar(value: object) -> bool:
    return isinstance(value, np.generic) and value.dtype.kind in "biufSU"


def frozen_set(items: list[Any]) -> frozenset[Any]:
    for item in items:
        check_key(item)
    return frozenset(items)
