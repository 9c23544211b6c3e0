"""`inspect` and `copy` for objects of the student's.

Their results, like a docstring, come from the student's process. So they do not prove
which code runs.
"""

import copy
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, Final

from runner.inside.grader.answers import NotDataError
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
# Functions of `inspect` that tell the kind of an object of the student's.
_ASKED: Final = (
    *("isfunction", "isgeneratorfunction", "iscoroutinefunction", "ismethod"),
    *("isgenerator", "iscoroutine", "isabstract", "isroutine"),
)

# Functions of `dataclasses` that look into a class.
_OF_FIELDS: Final = ("fields", "asdict", "astuple", "replace")


def install() -> None:
    """Make `inspect` and `copy.copy` work for the student's objects."""
    module: Any = inspect
    module.getsource, module.signature = source_of, signature_of
    for name in _ASKED:
        setattr(module, name, _asking(name, getattr(inspect, name)))
    classes: Any = dataclasses
    classes.is_dataclass = _asking("is_dataclass", dataclasses.is_dataclass)
    for name in _OF_FIELDS:
        setattr(classes, name, _refusing(name, getattr(dataclasses, name)))
    copies: Any = copy
    copies.copy = shallow_copy_of


def _asking(name: str, own: Callable[..., bool]) -> Callable[..., bool]:
    """Return the function of `inspect`, extended to handles."""

    def asking(value: Any) -> bool:
        if not is_handle(value):
            return own(value)
        student = student_of(value)
        key = "kind", name
        return observations_of(value).fact(
            key, lambda: student.ask("kind", name, value) is True
        )

    return asking


def _refusing(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of `dataclasses`, which refuses handles.

    It would say that a dataclass of the notebook's is none.
    """

    def refusing(value: Any, *arguments: Any, **named: Any) -> Any:
        if is_handle(value):
            raise NotDataError(
                f"`dataclasses.{name}` takes no objects of the student's: let a function "
                "of the notebook call it"
            )
        return own(value, *arguments, **named)

    return refusing


def shallow_copy_of(value: Any) -> Any:
    """Return a shallow copy. That of a student's object is made by the student's process."""
    return copy_of(value, is_deep=False) if is_handle(value) else _copy(value)


def source_of(value: Any) -> str:
    """Return the source of a function or class."""
    if not is_handle(value):
        return _getsource(value)
    seen, student = observations_of(value), student_of(value)
    return seen.text("source", lambda: student.ask("source", value))


def signature_of(value: Any, **named: Any) -> inspect.Signature:
    """Return the signature of a function."""
    if not is_handle(value):
        return _signature(value, **named)
    found = student_of(value).ask("signature", value)
    if not isinstance(found, list):
        raise CodecError("the student's process sent an invalid signature")
    return inspect.Signature([_parameter(*each) for each in found])


def _parameter(name: str, kind: int, default: list[Any]) -> inspect.Parameter:
    (value,) = default or (inspect.Parameter.empty,)
    return inspect.Parameter(name, _KINDS[kind], default=value)
