"""What the student's code has printed or warned of, passed on to the test."""

import builtins
import doctest
import sys
import warnings
from typing import Final

from runner.wire.link import MAX_PRINTED, MAX_WARNINGS

# The place of a warning, as its words show it.
_PLACE: Final = "<the student's code>"


def print_out(text: object, *, is_call: bool) -> None:
    """Print what the student's code has printed where a test listens.

    A doctest hears only what a call of its own prints (`is_call`): in
    `if f(3) == 9: print("ok")` the student's code would else say "ok" itself.
    """
    if not isinstance(text, str) or len(text) > MAX_PRINTED:
        return
    is_heard = is_call or not isinstance(sys.stdout, doctest._SpoofOut)  # type: ignore[attr-defined]  # noqa: SLF001 - what a doctest prints to
    if is_heard and sys.stdout is not sys.__stdout__:
        sys.stdout.write(text)


def warn(found: object) -> None:
    """Warn of what the student's code has warned of, by the test's own filters.

    Raises the warning if the test has said that warnings are errors.
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
