"""`inspect` and `copy` for objects of the student's.

Their results, like a docstring, come from the student's process. So they do not prove
which code runs.
"""

import copy
import dataclasses
import functools
import inspect
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any, Final

from runner.inside.grader.answers import NotDataError
from runner.inside.grader.callers import CALLERS
from runner.inside.grader.handle_classes import HandleType
from runner.inside.grader.handle_parts import (
    copy_of,
    is_handle,
    observations_of,
    student_of,
)
from runner.inside.grader.special_names import refused_of_type
from runner.inside.values.nodes import CodecError

_KINDS: Final = {int(kind): kind for kind in inspect._ParameterKind}  # noqa: SLF001 - the only list of them
_getsource: Final = inspect.getsource
_signature: Final = inspect.signature
_copy: Final = copy.copy
# Functions of `inspect` that tell the kind of an object of the student's.
ASKED: Final = tuple(
    name
    for name, one in vars(inspect).items()
    if name.startswith("is")
    and inspect.isfunction(one)
    # The type of a handle shows whether it is a class, and can be awaited.
    and name not in ("isclass", "isawaitable")
)
# Functions of `inspect` that work for a handle, or that take no object.
ANSWERED: Final = frozenset(
    (
        *("getsource", "signature", "getdoc", "cleandoc", "currentframe", "stack"),
        *("trace", "getframeinfo", "getinnerframes", "getouterframes", "indentsize"),
        *("getmodulename", "formatannotation", "formatannotationrelativeto"),
        *("formatargvalues", "getargvalues", "getargs", "getblock"),
        *("namedtuple", "findsource", "walktree", "getmembers", "isclass"),
        "isawaitable",
    )
)
# Those that a test may not call with an object of the student's.
REFUSED: Final = tuple(
    name
    for name, one in vars(inspect).items()
    if inspect.isfunction(one)
    and one.__module__ == "inspect"
    and not name.startswith("_")
    and name not in ANSWERED
    and name not in ASKED
)

# Functions of `traceback` that list the frames of an error.
OF_FRAMES: Final = ("extract_tb", "format_tb", "print_tb", "walk_tb")
# What those functions tell of a class, and only the notebook's own class could tell.
_OF_CLASSES: Final = ("is_dataclass", "isabstract")
# Functions of `dataclasses` that look into a class.
_OF_FIELDS: Final = ("fields", "asdict", "astuple", "replace")


def install() -> None:
    """Make `inspect` and `copy.copy` work for the student's objects."""
    module: Any = inspect
    module.getsource, module.signature = source_of, signature_of
    for name in ASKED:
        setattr(module, name, _asking(name, getattr(inspect, name)))
    for name in REFUSED:
        setattr(module, name, _refusing_tests(name, getattr(inspect, name)))
    frames: Any = traceback
    for name in OF_FRAMES:
        setattr(frames, name, _without_frames(getattr(traceback, name)))
    classes: Any = dataclasses
    classes.is_dataclass = _asking("is_dataclass", dataclasses.is_dataclass)
    for name in _OF_FIELDS:
        setattr(classes, name, _refusing(name, getattr(dataclasses, name)))
    copies: Any = copy
    copies.copy = shallow_copy_of


def _is_student_s(value: object) -> bool:
    """Return whether the value is an object of the student's, or the type of one."""
    return is_handle(value) or isinstance(value, HandleType)


def _asking(name: str, own: Callable[..., bool]) -> Callable[..., bool]:
    """Return the function of `inspect`, extended to handles."""

    def asking(value: Any) -> bool:
        if isinstance(value, HandleType) and name in _OF_CLASSES:
            raise refused_of_type(name)
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
        if _is_student_s(value):
            raise NotDataError(
                f"`dataclasses.{name}` takes no objects of the student's: let a function "
                "of the notebook call it"
            )
        return own(value, *arguments, **named)

    return refusing


def _refusing_tests(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of `inspect`, which refuses a test's call with a handle.

    It would describe the handle. Libraries call such functions with what they were given.
    """

    @functools.wraps(own)
    def refusing(*arguments: Any, **named: Any) -> Any:
        caller = sys._getframe(1)  # noqa: SLF001 - who asks decides
        given = (*arguments[:1], *named.values())
        if any(map(_is_student_s, given)) and CALLERS.is_test(caller):
            raise NotDataError(
                f"`inspect.{name}` takes no objects of the student's: use "
                "`inspect.signature`, or let a function of the notebook call it"
            )
        return own(*arguments, **named)

    return refusing


def _without_frames(own: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function of `traceback`, which refuses the student's errors to tests.

    The frames of the notebook are not here.
    """

    @functools.wraps(own)
    def listing(trace: Any, *arguments: Any, **named: Any) -> Any:
        is_asked = CALLERS.is_test(sys._getframe(1))  # noqa: SLF001 - who asks decides
        last = trace if isinstance(trace, types.TracebackType) else None
        while last is not None and last.tb_next is not None:
            last = last.tb_next
        module = "" if last is None else str(last.tb_frame.f_globals.get("__name__"))
        if is_asked and module.startswith("runner.inside.grader."):
            raise NotDataError(
                "a test does not see which functions of the notebook raised an error: let "
                "a function of the notebook look at it"
            )
        return own(trace, *arguments, **named)

    return listing


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
