"""`inspect` and `copy` for an object of the notebook's, on behalf of a test."""

import copy
import dataclasses
import inspect
import sys
from collections.abc import Callable
from typing import Any, Final

from runner.wire.special_methods import INSPECTIONS

_KINDS: Final = INSPECTIONS | {"is_dataclass"}


def signature(function: Callable[..., object]) -> object:
    """Return the name, kind and default of each parameter."""
    return [
        [
            one.name,
            int(one.kind),
            [] if one.default is one.empty else [one.default],
        ]
        for one in inspect.signature(function).parameters.values()
    ]


def is_kind(name: str, value: object) -> bool:
    """Return the answer of the function of `inspect` or `dataclasses` with this name."""
    module = dataclasses if name == "is_dataclass" else inspect
    return name in _KINDS and bool(getattr(module, name)(value))


def is_at(value: object, place: str) -> bool:
    """Return whether the object is the one that a module has: "module:name.name"."""
    module, _, path = place.partition(":")
    found: Any = sys.modules.get(module)
    for name in path.split("."):
        found = getattr(found, "__dict__", {}).get(name)
    return found is value


def copied(value: Any, is_deep: bool) -> object:  # noqa: FBT001 - an operand
    """Return a copy of the object."""
    return copy.deepcopy(value) if is_deep else copy.copy(value)
