"""Values that a database can store as JSON, made of whatever came out of a run."""

import math
from collections.abc import Mapping

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
JsonObject = dict[str, JsonValue]


def storable_text(text: str) -> str:
    """Return the text without what PostgreSQL refuses: NUL and lone surrogates."""
    return (
        text.encode("utf-8", "replace")
        .decode()
        .replace("\x00", "\N{REPLACEMENT CHARACTER}")
    )


def storable_object(value: Mapping[str, object]) -> JsonObject:
    """Return the mapping as a JSON object that both databases take."""
    return {storable_text(str(key)): storable(item) for key, item in value.items()}


def storable(value: object) -> JsonValue:
    """Return the value as JSON that both databases take.

    Numbers that are not finite become null, and what is not plain data its text.
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
