"""Conversion of the values that a run returns to JSON that a database can store."""

import math
from collections.abc import Mapping

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


def storable_text(text: str) -> str:
    """Return the text without the characters that PostgreSQL refuses.

    Lone surrogates become "?", and NUL becomes the replacement character.
    """
    return (
        text.encode("utf-8", "replace")
        .decode()
        .replace("\x00", "\N{REPLACEMENT CHARACTER}")
    )


def storable_object(value: Mapping[str, object]) -> JsonObject:
    """Return the mapping as a JSON object that both databases accept."""
    return {storable_text(str(key)): storable(item) for key, item in value.items()}


def storable(value: object) -> JsonValue:
    """Return the value as JSON that both databases accept.

    Numbers that are not finite become null, and values of other types become their
    text.
    """
    match value:
        case None | bool() | int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case dict():
            return storable_object(value)
        case list() | tuple():
            return [storable(item) for item in value]
        case _:
            return storable_text(str(value))
