"""What `inspect` and `copy` do for a test with an object of the student's.

It is what the student's process says, as its docstring is: no proof of what runs.
"""

import copy
import inspect
from collections.abc import Callable
from typing import Any, Final

from runner.inside.grader.handle_parts import (
    copy_of,
    is_handle,
    observations_of,
    student_of,
)
from runner.inside.values.nodes import CodecError

_KINDS: Final = {int(kind): kind for kind in inspect._ParameterKind}  # noqa: SLF001 - the only list of them
_getsource: Final = inspect.getsource
_signature: Final = inspect.signature
_copy: Final = copy.copy
# What the objects of the student's may be, by the names of `inspect`.
_ASKED: Final = (
    *("isfunction", "isgeneratorfunction", "iscoroutinefunction", "ismethod"),
    *("isgenerator", "iscoroutine", "isabstract", "isroutine"),
)


def take_over() -> None:
    """Let `inspect` and `copy.copy` take the student's objects."""
    module: Any = inspect
    module.getsource, module.signature = source_of, signature_of
    for name in _ASKED:
        setattr(module, name, _asking(name, getattr(inspect, name)))
    copies: Any = copy
    copies.copy = shallow_copy_of


def _asking(name: str, own: Callable[..., bool]) -> Callable[..., bool]:
    """Return the function of `inspect` that also says of what kind a handle is."""

    def asking(value: Any) -> bool:
        if not is_handle(value):
            return own(value)
        student = student_of(value)
        key = "kind", name
        return observations_of(value).fact(
            key, lambda: student.ask("kind", name, value) is True
        )

    return asking


def shallow_copy_of(value: Any) -> Any:
    """Return a shallow copy, which the student's process makes of an object of its own."""
    return copy_of(value, is_deep=False) if is_handle(value) else _copy(value)


def source_of(value: Any) -> str:
    """Return the text of a function or class."""
    if not is_handle(value):
        return _getsource(value)
    seen, student = observations_of(value), student_of(value)
    return seen.text("source", lambda: student.ask("source", value))


def signature_of(value: Any, **named: Any) -> inspect.Signature:
    """Return the parameters of a function; a default that is an object is `...`."""
    if not is_handle(value):
        return _signature(value, **named)
    found = student_of(value).ask("signature", value)
    if not isinstance(found, list):
        raise CodecError("not a signature")
    return inspect.Signature([_parameter(*each) for each in found])


def _parameter(name: str, kind: int, default: list[Any]) -> inspect.Parameter:
    (value,) = default or (inspect.Parameter.empty,)
    return inspect.Parameter(name, _KINDS[kind], default=value)
