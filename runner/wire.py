"""The protocol's documents as JSON text, strictly.

`from_json` refuses unknown and repeated keys, another version, numbers that are not
finite, wrong types and text past its limit.
"""

import dataclasses
import enum
import json
import math
import types
import typing
from collections.abc import Mapping
from typing import Any, Final, NoReturn

from runner import protocol
from runner.protocol import Event, JobResult, JobSpec

MAX_DOCUMENT: Final = 128 * 1024**2
MAX_NOTEBOOK: Final = 64 * 1024**2
MAX_TEXT: Final = 1024**2
MAX_ITEMS: Final = 10_000
_MAX_INT: Final = 2**63
_EVENTS: Final[Mapping[str, type]] = {
    "cell_started": protocol.CellStarted,
    "output_added": protocol.OutputAdded,
    "question_done": protocol.QuestionDone,
    "usage": protocol.Usage,
    "checking": protocol.Checking,
}
_EVENT_NAMES: Final = {kind: name for name, kind in _EVENTS.items()}


class WireError(ValueError):
    """The text is not the document that it should be. `str` says where."""


def to_json(document: JobSpec | JobResult | Event) -> str:
    """Return the document as JSON text that `from_json` reads back as its equal."""
    data = dataclasses.asdict(document)
    name = _EVENT_NAMES.get(type(document))
    if name is not None:
        data["event"] = name
    try:
        return json.dumps(data, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise WireError("a number is not finite or a value is not plain") from error


def spec_from_json(text: str | bytes) -> JobSpec:
    """Return the JobSpec that the text holds, or raise WireError."""
    spec = _decode(JobSpec, _load(text), "job")
    assert isinstance(spec, JobSpec)  # noqa: S101 - for the type checker
    return spec


def result_from_json(text: str | bytes) -> JobResult:
    """Return the JobResult that the text holds, or raise WireError."""
    result = _decode(JobResult, _load(text), "result")
    assert isinstance(result, JobResult)  # noqa: S101 - for the type checker
    return result


def event_from_json(text: str | bytes) -> Event:
    """Return the event that the text holds, or raise WireError."""
    data = _load(text)
    if not isinstance(data, dict):
        raise WireError("event: not an object")
    name = data.pop("event", None)
    if not isinstance(name, str) or name not in _EVENTS:
        raise WireError("event: unknown")
    event: Event = _decode(_EVENTS[name], data, name)
    return event


def _refuse(text: str) -> NoReturn:
    raise WireError(f"{text} is not a finite number")


def _unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise WireError("a key stands twice")
    return found


def _load(text: str | bytes) -> object:
    if len(text) > MAX_DOCUMENT:
        raise WireError("the document is too large")
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_unrepeated)
    except WireError:
        raise
    except (ValueError, RecursionError) as error:
        raise WireError("not JSON") from error


def _decode(kind: Any, value: object, where: str) -> Any:
    if dataclasses.is_dataclass(kind):
        return _decode_record(typing.cast("type[Any]", kind), value, where)
    if isinstance(kind, types.UnionType):
        return _decode_scalar(value, where)
    origin = typing.get_origin(kind)
    if origin is tuple:
        return _decode_list(typing.get_args(kind)[0], value, where)
    if origin is Mapping:
        return _decode_mapping(typing.get_args(kind)[1], value, where)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return _decode_choice(kind, value, where)
    return _decode_plain(kind, value, where)


def _decode_record(kind: type[Any], value: object, where: str) -> Any:
    if not isinstance(value, dict):
        raise WireError(f"{where}: not an object")
    hints = typing.get_type_hints(kind)
    unknown = set(value) - set(hints)
    if unknown:
        raise WireError(f"{where}: unknown keys")
    if "version" in hints and value.get("version") != protocol.VERSION:
        raise WireError(f"{where}: another version")
    decoded = {
        name: _decode(hints[name], item, f"{where}.{name}")
        for name, item in value.items()
    }
    try:
        return kind(**decoded)
    except TypeError as error:
        raise WireError(f"{where}: a key is missing") from error


def _decode_list(kind: object, value: object, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise WireError(f"{where}: not a list, or too long")
    return tuple(_decode(kind, item, f"{where}[{n}]") for n, item in enumerate(value))


def _decode_mapping(kind: object, value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise WireError(f"{where}: not an object, or too large")
    return {
        str(_decode_plain(str, name, where)): _decode(kind, item, f"{where}.*")
        for name, item in value.items()
    }


def _decode_choice(kind: type[enum.Enum], value: object, where: str) -> enum.Enum:
    try:
        return kind(value)
    except ValueError as error:
        raise WireError(f"{where}: not one of the choices") from error


def _decode_scalar(value: object, where: str) -> object:
    if value is None or isinstance(value, bool):
        return value
    for kind in (int, float, str):
        if type(value) is kind:
            return _decode_plain(kind, value, where)
    raise WireError(f"{where}: not a plain value")


def _decode_plain(kind: object, value: object, where: str) -> object:
    if kind is float and type(value) is int:
        value = _decode_plain(int, value, where)
        return float(typing.cast("int", value))
    if type(value) is not kind:
        raise WireError(f"{where}: wrong type")
    if isinstance(value, str):
        limit = MAX_NOTEBOOK if where.endswith(".notebook") else MAX_TEXT
        if len(value) > limit:
            raise WireError(f"{where}: the text is too long")
    elif isinstance(value, float) and not math.isfinite(value):
        raise WireError(f"{where}: not a finite number")
    elif isinstance(value, int) and abs(value) >= _MAX_INT:
        raise WireError(f"{where}: the number is too large")
    return value
