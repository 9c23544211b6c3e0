"""Output and warnings of the student's code, passed on to the test."""

import builtins
import doctest
import sys
import warnings
from dataclasses import dataclass
from typing import Final, TypeGuard

from runner.inside.grader.library_errors import library_warning
from runner.wire.grader_requests import RUNNING
from runner.wire.link import MAX_PRINTED, MAX_WARNINGS, Header

# The file name that a warning shows.
_PLACE: Final = "<the student's code>"


@dataclass
class Hearing:
    """Whether a doctest's line hears what is printed, and whether it has missed some."""

    is_call: bool = False
    has_missed: bool = False


def replay(operation: str, header: Header, hearing: Hearing) -> None:
    """Pass on what an answer's header has, if the operation runs the student's code."""
    if operation not in RUNNING:
        return
    print_out(header.get("out"), hearing)
    errors = header.get("err")
    if _is_text(errors) and sys.stderr is not sys.__stderr__:
        sys.stderr.write(errors)
    warn(header.get("warned"))


def _is_text(text: object) -> TypeGuard[str]:
    return isinstance(text, str) and len(text) <= MAX_PRINTED


def print_out(text: object, hearing: Hearing) -> None:
    """Print what the student's code has printed, if a test captures output.

    A doctest gets only the output of its own call (`is_call`): otherwise in `if f(3) ==
    9: print("ok")` the student's code could print "ok" itself. Any other line that
    prints has missed something, and fails.
    """
    if not _is_text(text):
        return
    is_heard = hearing.is_call or not isinstance(sys.stdout, doctest._SpoofOut)  # type: ignore[attr-defined]  # noqa: SLF001 - what a doctest prints to
    if is_heard and sys.stdout is not sys.__stdout__:
        sys.stdout.write(text)
    hearing.has_missed |= bool(text) and not is_heard


def warn(found: object) -> None:
    """Issue the warnings of the student's code again, under the test's own filters.

    Raises a warning if the test has turned warnings into errors.
    """
    if not isinstance(found, list) or len(found) > MAX_WARNINGS:
        return
    for one in found:
        match one:
            case [str() as name, str() as words, bool() as is_own, str() as place]:
                kind = library_warning(place) or getattr(builtins, name, None)
                if isinstance(kind, type) and issubclass(kind, Warning):
                    module = "__main__" if is_own else "a library"
                    warnings.warn_explicit(words, kind, _PLACE, 1, module)
