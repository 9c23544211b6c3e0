"""The traceback of a failed check, which staff read."""

import contextlib
import traceback
from typing import Final

from runner.inside.grader import refusals
from runner.inside.grader.student_errors import is_student_s

_TRACE: Final = 4000


def last_line(error: BaseException) -> str:
    """Return the line that names the error and gives its message.

    SECURITY: Python's own `traceback` reads attributes of an error and asks objects for
    more. An error that the student's code has made could make that fail, or talk to a
    snapshot.
    """
    if isinstance(error, SyntaxError) and not is_student_s(error):
        # An error in the tests' own text: Python also shows where.
        with contextlib.suppress(Exception):
            return "".join(traceback.format_exception_only(error))
    words = ""
    with contextlib.suppress(Exception):
        words = str(error)
    name = type(error).__qualname__
    module = type(error).__module__
    kind = name if module in {"builtins", "__main__"} else f"{module}.{name}"
    return f"{kind}: {words}\n" if words else f"{kind}\n"


def trace_of(error: BaseException) -> str:
    """Return the traceback that staff read, with the lines of the tests' own source only."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename.startswith("<")]
    words = "".join(traceback.format_list(own)) + last_line(error)
    refused = refusals.first()
    if refused is not None and refused is not error:
        # Without this line, a library's own message would hide why the check failed.
        words += f"Before that, the grader refused this: {refused}\n"
    return words[-_TRACE:].encode("utf-8", "replace").decode()
