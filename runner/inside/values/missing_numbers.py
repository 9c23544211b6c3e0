"""NaN that is the object of a library: `np.nan` equals itself within a list.

Python compares the items of containers by identity first. So `[np.nan] == [np.nan]` holds
in a notebook, and with a NaN of its own it does not.
"""

import math
from collections.abc import Collection, Mapping
from typing import Any, Final

import numpy as np

from runner.inside.values.nodes import CodecError

_NAMED: Final[Mapping[str, float]] = {"numpy": np.nan, "math": math.nan}


def name_of(number: float) -> str:
    """Return the name of the library whose NaN the number is, or ""."""
    return next((name for name, nan in _NAMED.items() if number is nan), "")


def name_of_all(numbers: Collection[float]) -> str:
    """Return the name for all NaN among the numbers, or "" if they are not one object."""
    names = {name_of(one) for one in numbers if one != one}  # noqa: PLR0124 - NaN
    return names.pop() if len(names) == 1 else ""


def named(node: Mapping[str, Any]) -> float:
    """Return the NaN with the name in the node. Raises CodecError."""
    found = _NAMED.get(node["nan"]) if isinstance(node["nan"], str) else None
    if found is None:
        raise CodecError("an unknown NaN")
    return found
