"""What a test may give to the student's code beside data: never its own text.

Functions and classes of libraries go by their names, objects of library classes as
their state, and a test's own functions as something to call back.
"""

import io
import pickle
import sys
import types
from collections.abc import Callable
from typing import Any, Final, cast

from runner.grader.handles import Handle, number_of
from runner.values.codec import CodecError, Encoder, Node

_LIBRARIES: Final = frozenset(
    (
        *("builtins", "collections", "functools", "itertools", "math", "operator"),
        *("numpy", "pandas", "scipy", "sklearn", "torch"),
    )
)
# Where a function that does not know its own place is looked for.
_HOMES: Final = (
    "torch",
    "torch.nn.functional",
    "numpy",
    "math",
    "operator",
    "builtins",
)


class Exports:
    """One question's callbacks, by their numbers."""

    def __init__(self) -> None:
        self._callbacks: list[Callable[..., object]] = []

    def refer(self, value: object, encoder: Encoder) -> Node:
        """Return the node of a value that is no data. Raises CodecError."""
        if issubclass(type(value), Handle):
            return {"k": "handle", "v": number_of(cast("Handle", value))}
        name = _library_name(value)
        if name:
            return {"k": "library", "v": name}
        data = _pickled(value)
        if data is not None:
            return {"k": "pickle", "b": encoder.add(data)}
        if callable(value):
            self._callbacks.append(value)
            return {"k": "callback", "v": len(self._callbacks) - 1}
        raise CodecError(
            f"a {type(value).__name__} cannot be given to the student's code: give "
            "data, functions, or objects of a library"
        )

    def callback(self, number: object) -> Callable[..., object]:
        """Return the function that was given under the number."""
        if type(number) is not int or not 0 <= number < len(self._callbacks):
            raise CodecError("no such function")
        return self._callbacks[number]


def _library_name(value: object) -> str:
    """Return where the function or class is found in a library, or ""."""
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    if not isinstance(name, str):
        return ""
    module = getattr(value, "__module__", None)
    homes = [module] if _is_library(module) else []
    for home in (*homes, *_HOMES):
        for path in (name, name.rpartition(".")[2]):
            found: object = sys.modules.get(str(home))
            for part in path.split("."):
                found = getattr(found, part, None)
            if found is value:
                return f"{home}:{path}"
    return ""


def _is_library(module: object) -> bool:
    return isinstance(module, str) and module.partition(".")[0] in _LIBRARIES


class _LibraryPickler(pickle.Pickler):
    """Takes objects of library classes, and nothing that belongs to a test."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, type) or _is_function(value):
            is_known = bool(_library_name(value))
        else:
            is_known = _is_library(type(value).__module__)
        if not is_known:
            raise pickle.PicklingError("not a library's")
        return NotImplemented


def _is_function(value: object) -> bool:
    return isinstance(
        value, types.FunctionType | types.BuiltinFunctionType | types.MethodType
    )


def _pickled(value: object) -> bytes | None:
    if isinstance(value, type) or _is_function(value):
        return None
    sink = io.BytesIO()
    try:
        _LibraryPickler(sink, protocol=5).dump(value)
    except Exception:  # noqa: BLE001 - whatever an object's own __reduce__ raises
        return None
    return sink.getvalue()
