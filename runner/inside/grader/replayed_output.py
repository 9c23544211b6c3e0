"""Output and warnings of the student's code, passed on to the test."""

import builtins
import doctest
import sys
import warnings
from typing import Final

from runner.wire.link import MAX_PRINTED, MAX_WARNINGS, PRINTS_TO_TEST, Header

# The file name that a warning shows.
_PLACE: Final = "<the student's code>"


def replay(operation: str, header: Header, *, is_call: bool) -> None:
    """Pass on what an answer's header has, if the operation's output goes to the test."""
    if operation in PRINTS_TO_TEST:
        print_out(header.get("out"), is_call=is_call)
        warn(header.get("warned"))


def print_out(text: object, *, is_call: bool) -> None:
    """Print what the student's code has printed, if a test captures output.

    A doctest gets only the output of its own call (`is_call`): otherwise in `if f(3) ==
    9: print("ok")` the student's code could print "ok" itself.
    """
    if not isinstance(text, str) or len(text) > MAX_PRINTED:
        return
    is_heard = is_call or not isinstance(sys.stdout, doctest._SpoofOut)  # type: ignore[attr-defined]  # noqa: SLF001 - what a doctest prints to
    if is_heard and sys.stdout is not sys.__stdout__:
        sys.stdout.write(text)


def warn(found: object) -> None:
    """Issue the warnings of the student's code again, under the test's own filters.

    Raises a warning if the test has turned warnings into errors.
    """
    if not isinstance(found, list) or len(found) > MAX_WARNINGS:
        return
    for one in found:
        match one:
            case [str() as name, str() as words, bool() as is_own]:
                kind = getattr(builtins, name, None)
                if isinstance(kind, type) and issubclass(kind, Warning):
                    module = "__main__" if is_own else "a library"
                    warnings.warn_explicit(words, kind, _PLACE, 1, module)
