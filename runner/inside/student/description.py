"""`inspect` and `copy` for an object of the notebook's, on behalf of a test."""

import copy
import inspect
from collections.abc import Callable
from typing import Any, Final

_KINDS: Final = frozenset(
    (
        *("isfunction", "isgeneratorfunction", "iscoroutinefunction", "ismethod"),
        *("isgenerator", "iscoroutine", "isabstract", "isroutine"),
    )
)


def signature(function: Callable[..., object]) -> object:
    """Return the name, kind and default of each parameter; `...` for an object."""
    return [
        [
            one.name,
            int(one.kind),
            [] if one.default is one.empty else [_data(one.default)],
        ]
        for one in inspect.signature(function).parameters.values()
    ]


def _data(value: object) -> object:
    is_data = value is None or type(value) in {bool, int, float, str, bytes}
    return value if is_data else ...


def is_kind(name: str, value: object) -> bool:
    """Return the answer of the function of `inspect` with this name."""
    return name in _KINDS and bool(getattr(inspect, name)(value))


def copied(value: Any, is_deep: bool) -> object:  # noqa: FBT001 - an operand
    """Return a copy of the object."""
    return copy.deepcopy(value) if is_deep else copy.copy(value)
