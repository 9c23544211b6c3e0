"""The end of a `with` statement whose context manager is an object of the notebook's.

As in a notebook, the object is told of the error that ends the block. Of a test's own
error only its nearest built-in class goes to the snapshot. Whatever the object answers,
the error goes on in the test: no answer of the student's steers the grader. An answer
that would end the error is refused, so that the check cannot pass.
"""

from typing import Any, Final

from runner.inside.grader import refusals
from runner.inside.grader.handle_parts import HandleBase, label_of, student_of
from runner.inside.grader.student_errors import (
    built_in_name,
    is_student_s,
    told_of,
)

_SWALLOWED: Final = (
    "{label} swallows the error that ends the `with` block: its `__exit__` returns "
    "{answer}. The error still goes on in the test, and the check cannot pass. If the "
    "object should let errors through, its `__exit__` must return None or False. To test "
    "an object that should swallow errors, let a function of the notebook contain the "
    "`with` statement"
)
_REPLACED: Final = (
    "{label} raised an error of its own in `__exit__`, in place of the test's failed "
    "assertion"
)


class SwallowedError(AssertionError):
    """Noted where an object of the notebook's would end an error of the test."""


def leave(manager: HandleBase, error: object) -> None:
    """Let the object leave its block, which the error has ended, or None."""
    ask = student_of(manager).ask
    if error is None:
        ask("leave", manager, None, None)
        return
    try:
        answer = ask("leave", manager, *_description(error))
    except BaseException as raised:
        is_own = isinstance(error, AssertionError) and not is_student_s(error)
        if not (is_own and is_student_s(raised)):
            raise
        _note(manager, _REPLACED)
        return
    if answer is not False:
        _note(manager, _SWALLOWED, "a true value")


def _description(error: Any) -> tuple[object, object]:
    """Return the student's own exception, or the name of a built-in class, with words.

    The arguments of a test's own error stay here.
    """
    if is_student_s(error):
        return told_of(error)
    return built_in_name(type(error)), None


def _note(manager: HandleBase, words: str, answer: str = "") -> None:
    text = words.format(label=label_of(manager), answer=answer)
    refusals.note(SwallowedError(text))
