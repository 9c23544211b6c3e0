"""What `inspect` tells a test about a function of the student's.

It is what the student's process says, as its docstring is: no proof of what runs.
"""

import inspect
from typing import Any, Final

from runner.grader.handle_parts import is_handle, observations_of, student_of
from runner.values.nodes import CodecError

_KINDS: Final = {int(kind): kind for kind in inspect._ParameterKind}  # noqa: SLF001 - the only list of them
_getsource: Final = inspect.getsource
_signature: Final = inspect.signature


def take_over() -> None:
    """Let `inspect.getsource` and `inspect.signature` take the student's functions."""
    module: Any = inspect
    module.getsource, module.signature = source_of, signature_of


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
