"""What Python asks an object by its slots, on behalf of a test: operators and the like."""

import math
import operator
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from runner.inside.student.collections import OPERATORS
from runner.inside.values.codec import CodecError

_BUILT_IN: Final[Mapping[str, Callable[..., object]]] = {
    "divmod": divmod,
    "pow": pow,
    "round": round,
    "floor": math.floor,
    "ceil": math.ceil,
    "trunc": math.trunc,
    "and": operator.and_,
    "or": operator.or_,
    **{name: getattr(operator, name) for name in ("getitem", "setitem", "delitem")},
}
IN_PLACE: Final = frozenset(
    f"i{name}" for name in OPERATORS if hasattr(operator, f"i{name}")
)
_SLOTS: Final[Mapping[str, Callable[..., object]]] = {
    "format": format,
    "bytes": bytes,
    "length_hint": operator.length_hint,
    "sizeof": sys.getsizeof,
}


def operator_named(name: str) -> Callable[..., Any]:
    """Return the operator. Raises CodecError."""
    if name in _BUILT_IN:
        return _BUILT_IN[name]
    if name not in OPERATORS | IN_PLACE:
        raise CodecError("an unknown operator")
    found: Callable[..., Any] = getattr(operator, name)
    return found


def ask(name: str, *arguments: object) -> object:
    """Return what Python's function for this slot gives. Raises CodecError."""
    if name not in _SLOTS:
        raise CodecError("an unknown slot")
    return _SLOTS[name](*arguments)
