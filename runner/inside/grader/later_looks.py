"""Whether a test looks at a value again after the call that it is in."""

import dis
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType
from typing import Any

from runner.inside.grader.callers import CALLERS


def is_looked_at_later(value: object) -> bool:
    """Return whether the text of the running test has a name of the value further on.

    Functions within it count, too, since they may be called later.
    """
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - what the test is doing
    while frame is not None:
        if CALLERS.is_test(frame) and _is_loaded_later(frame, value):
            return True
        frame = frame.f_back
    return False


def _is_loaded_later(frame: FrameType, value: object) -> bool:
    code = frame.f_code
    used = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    names = {
        name
        for name in used
        if any(_own(one, name) is value for one in (frame.f_locals, frame.f_globals))
    }
    return bool(names) and (
        any(
            one.offset > frame.f_lasti
            and one.opname.startswith("LOAD_")
            and one.argval in names
            for one in dis.get_instructions(code)
        )
        or any(names & {*one.co_names, *one.co_freevars} for one in _within(code))
    )


def _own(names: Mapping[str, Any], name: str) -> object:
    """Return the test's own value of the name. The notebook is not asked for it."""
    return dict.get(names, name) if isinstance(names, dict) else names.get(name)


def _within(code: CodeType) -> Iterator[CodeType]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield one
            yield from _within(one)
