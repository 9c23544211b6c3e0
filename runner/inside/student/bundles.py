"""A display's data, converted to JSON: one form for each media type."""

import math
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import date
from numbers import Integral, Real
from typing import Any


def plain_bundle(bundle: Mapping[Any, object] | None) -> dict[str, object]:
    """Return the data or metadata in the form that JSON holds. Raises ValueError.

    Binary data, such as images, becomes base64 in one line, as in notebooks.
    """
    return {str(kind): plain(value) for kind, value in (bundle or {}).items()}


def plain(value: object) -> object:
    """Return the value in the form that JSON holds. Raises ValueError."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Real):
        return _plain_number(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return plain_bundle(value)
    if isinstance(value, Iterable):
        return [plain(item) for item in value]
    raise ValueError(f"a {type(value).__name__} is not plain data to display")


def _plain_number(value: Real) -> int | float | str:
    """Return the number, or its name if JSON cannot write it."""
    if isinstance(value, Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else repr(number)
