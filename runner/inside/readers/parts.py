"""What a pickle is made of while it is read, and what its kind may hold."""

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
    """The name of a class or a function: its module's, a dot, its own."""

    path: str


@dataclass(eq=False)
class Other:
    """An object that these readers do not make."""

    path: str


@dataclass(eq=False)
class Pending:
    """Something that a pickle first makes, and then gives its state.

    `places` are where the pickle keeps it, until it is what it is to be.
    """

    finish: Maker
    places: list[int] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """What a kind of pickles may hold.

    `makers` and `constants` are by names. `others` says whether objects of other classes
    may stand in it; `instructions`, if given, are the only ones that are taken.
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
        """Say whether the name may stand in such a pickle."""
        return path in self.makers or path in self.arguments


def check_key(key: object) -> None:
    """Raise unless the value can be a key: plain, and not large."""
    waiting, count = [key], 0
    while waiting:
        each = waiting.pop()
        count += 1
        if count > _MAX_KEY:
            raise NotReadError("it has a key of many parts")
        if type(each) is tuple:
            waiting += each[: _MAX_KEY + 1]
        elif type(each) not in _KEYS and not _is_scalar(each):
            raise NotReadError(f"it has a {type(each).__name__} for a key")


def _is_scalar(value: object) -> bool:
    return isinstance(value, np.generic) and value.dtype.kind in "biufSU"


def frozen_set(items: list[Any]) -> frozenset[Any]:
    for item in items:
        check_key(item)
    return frozenset(items)
