"""What a display shows, as plain data: by media type, the forms that it has."""

import math
from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import date
from numbers import Integral, Real
from typing import Any


def plain_bundle(bundle: Mapping[Any, object] | None) -> dict[str, object]:
    """Return the data or metadata as JSON holds it, or raise ValueError.

    Binary data, such as images, is base64 in one line, as notebooks have it.
    """
    return {str(kind): plain(value) for kind, value in (bundle or {}).items()}


def plain(value: object) -> object:
    """Return the value as JSON holds it, or raise ValueError."""
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
    raise ValueError(f"what is displayed holds no plain data: {type(value).__name__}")


def _plain_number(value: Real) -> int | float | str:
    """Return the number; one that JSON has no word for is its own name."""
    if isinstance(value, Integral):
        return int(value)
    number = float(value)
    return number if math.isfinite(number) else repr(number)
