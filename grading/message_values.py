"""The values of a run's detail, in words, as messages name them."""

import signal
from collections.abc import Callable, Mapping
from typing import Any, Final

Detail = Mapping[str, Any]
_VALUE_LENGTH: Final = 60
_LARGEST_NUMBER: Final = 100_000


def message_values(detail: Detail) -> dict[str, str]:
    """Return the detail's values in words, without values that make no sense."""
    in_words: dict[str, tuple[str, Callable[[Any], str]]] = {
        "cell": ("cell", lambda value: str(_number(value))),
        "cells_failed": ("failed", lambda value: _count(_number(value), "cell")),
        "ename": ("ename", lambda value: str(value)[:_VALUE_LENGTH]),
        "language": ("language", lambda value: str(value)[:_VALUE_LENGTH]),
        "seconds": ("seconds", lambda value: _duration(float(value))),
        "size": ("bytes", lambda value: _size(float(value))),
        "signal": ("signal", lambda value: _signal(int(value))),
    }
    values = {}
    for name, (key, words) in in_words.items():
        try:
            values[name] = words(detail[key])
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return values


def _number(value: object) -> int:
    if isinstance(value, int) and 0 < value <= _LARGEST_NUMBER:
        return value
    raise ValueError(value)


def _count(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes and not rest:
        return _count(minutes, "minute")
    return _count(whole, "second")


def _size(size: float) -> str:
    gibibytes = size / 1024**3
    return f"{gibibytes:.3g} GB" if gibibytes >= 1 else f"{size / 1024**2:.3g} MB"


def _signal(number: int) -> str:
    known = {
        signal.SIGSEGV: "it used memory that does not belong to it",
        signal.SIGABRT: "it stopped itself after a fault (abort)",
        signal.SIGKILL: "it was killed",
        signal.SIGFPE: "it divided by zero in compiled code",
        signal.SIGBUS: "it used memory that does not exist",
    }
    return known.get(signal.Signals(number), signal.Signals(number).name)
