"""The score of one check, and the only messages of ours about it that a student may read.

What the check's author shows is its report: `runner.protocol.check_reports`.
"""

import builtins
import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final, cast

from runner.protocol.allowed_reports import NOTHING, AllowedReports
from runner.protocol.check_pictures import pictures_from_jail
from runner.protocol.check_reports import CheckReport
from runner.protocol.jobs import CheckOutcome, Outcome, QuestionOutcome, QuestionSpec

PASSED: Final = "passed"
PARTLY: Final = "passed in part"
RETURNED_FALSE: Final = "returned False"
NO_SCORE: Final = "returned something that is not a score"
OUT_OF_TIME: Final = "out of time"
ENDED: Final = "Python stopped before this check was done"
NOT_REACHED: Final = "not run: the notebook did not get to this check"
OUT_OF_MEMORY: Final = "out of memory"
OUT_OF_DISK: Final = "out of disk space"
FILES_LOST: Final = "not run: the notebook's files could not be saved in time"
TOO_MANY_PROCESSES: Final = "too many processes"
NOT_RUN: Final = "not run: Python stopped in an earlier check"
RAISED: Final = "raised an error"
PRINTED: Final = "the output is not what the check expects"
NOT_DATA: Final = "the tested code gave an object where the check needs a value"
CHANGED: Final = "the tested code changed its argument"
READ_TWICE: Final = "the tested code gave a different value the second time"

# Of a check with these messages nothing was asked.
NOT_ASKED: Final = frozenset({NOT_REACHED, NOT_RUN, FILES_LOST})
# These say no more than that a check has passed or failed.
PLAIN: Final = frozenset(
    {PASSED, PARTLY, RETURNED_FALSE, RAISED, PRINTED, "raised AssertionError"}
)

# A score that is at most this far from 0 or 1 counts as 0 or 1.
_DUST: Final = 1e-9
_SHOWN: Final = 200
_LARGE: Final = 10**30
# The exit status of a grader's process that has no memory for the values it was sent.
OUT_OF_MEMORY_STATUS: Final = 77
_OF_NAME: Final = re.compile(r"`([^\W\d]\w{0,99})` is not (?:defined|a class)")
_EXCEPTIONS: Final = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_FIXED: Final = frozenset(
    {PASSED, PARTLY, RETURNED_FALSE, NO_SCORE, RAISED, PRINTED}
    | {NOT_DATA, CHANGED, READ_TWICE}
    | {f"raised {name}" for name in _EXCEPTIONS}
)


def raised(error: BaseException | type[BaseException]) -> str:
    """Return the message for an exception or its class, without the exception's text."""
    kind = error if isinstance(error, type) else type(error)
    if kind.__module__ == "builtins" and kind.__name__ in _EXCEPTIONS:
        return f"raised {kind.__name__}"
    return RAISED


def raised_by_name(name: str) -> str:
    """Return the message for an exception of which only the name is known."""
    return f"raised {name}" if name in _EXCEPTIONS else RAISED


def not_defined(name: str) -> str:
    """Return the message for a name that the notebook lacks.

    A test may look up a name that comes from the student's code, which may be any text.
    """
    words = f"`{name}` is not defined"
    return words if _OF_NAME.fullmatch(words) else RAISED


def no_class(name: str) -> str:
    """Return the message for a name that should be a class but is another value."""
    words = f"`{name}` is not a class"
    return words if _OF_NAME.fullmatch(words) else RAISED


class NotAScoreError(Exception):
    """A check returned something that is not a score. The message is for staff."""

    def __init__(self, value: object, most: float = 1) -> None:
        kind = type(value)
        # The text of any other object may come from the student, and be of any length.
        words = f" {value!r}"[:_SHOWN] if kind in {float, str} else ""
        if kind is int:
            words = f" {value}" if -_LARGE < cast("int", value) < _LARGE else ""
        super().__init__(
            f"returned {kind.__name__}{words}: a score is a number from 0 to {most:g}, "
            "True, False or None"
        )


def without_rounding_error(score: float) -> float:
    """Return the score, rounded to 0 or 1 if only a rounding error separates them.

    Twenty times 0.05 is 1.0000000000000002, and (0.9 - 0.8) / 0.1 is less than 1.
    """
    nearest = float(score > 0.5)  # noqa: PLR2004 - the middle
    return nearest if abs(score - nearest) <= _DUST else score


def score_of(value: object) -> tuple[float, str]:
    """Return the score and the message for the value that a check returned.

    Raises NotAScoreError.
    """
    if value is None or value is True:
        return 1.0, PASSED
    if value is False:
        return 0.0, RETURNED_FALSE
    if type(value) not in {int, float} or not -1 < cast("float", value) < 2:  # noqa: PLR2004 - before it becomes a float
        raise NotAScoreError(value)
    score = without_rounding_error(float(cast("float", value)))
    if not 0 <= score <= 1:
        raise NotAScoreError(value)
    if score == 1:
        return 1.0, PASSED
    return score, PARTLY if score > 0 else RETURNED_FALSE


def score_or_zero(value: object) -> tuple[float, str]:
    """Return the score and the message for a check's value; 0 if it is not a score."""
    try:
        return score_of(value)
    except NotAScoreError:
        return 0.0, NO_SCORE


def parse_outcome(
    frame: Mapping[str, object],
    expected: Collection[str],
    names: Collection[str],
    reports: Mapping[str, AllowedReports],
) -> CheckOutcome | None:
    """Return the outcome that a job's frame reports, or None if the frame is invalid.

    The frame is hostile: the check must be one of `expected`, a score outside 0 to 1
    becomes 0, and a message that is not one of ours is replaced. `names` are those that
    the tests ask the notebook for, and `reports` says what each check may show.
    """
    name, score, message = (frame.get(key) for key in ("name", "score", "message"))
    if not isinstance(name, str) or name not in expected:
        return None
    if isinstance(score, bool) or not isinstance(score, int | float):
        return None
    # An integer may be too large for a float.
    score = without_rounding_error(score) if -1 < score < 2 else -1  # noqa: PLR2004 - as above
    if not 0 <= score <= 1:
        return CheckOutcome(name=name, score=0.0, message=NO_SCORE)
    words = message if _is_allowed(message, names) else RAISED
    if score == 1:
        words = PASSED
    elif score > 0:
        words = PARTLY
    elif words in {PASSED, PARTLY}:
        words = RETURNED_FALSE
    trace = frame.get("trace")
    allowed = reports.get(name, NOTHING)
    report = allowed.allowed_part(CheckReport.from_json(frame.get("report")))
    # SECURITY: also where there are none, so that no PNG of the jail's is taken.
    sent = frame.get("pictures") if allowed.has_helpers else ()
    report = replace(report, pictures=pictures_from_jail(sent))
    return CheckOutcome(
        name=name,
        score=float(score),
        message=str(words),
        report=report.of_passed if score == 1 else report,
        trace=trace if isinstance(trace, str) else "",
    )


def _is_allowed(message: object, names: Collection[str]) -> bool:
    if not isinstance(message, str):
        return False
    found = _OF_NAME.fullmatch(message)
    return message in _FIXED or (found is not None and found[1] in names)


def conclude(
    question: QuestionSpec,
    found: Mapping[str, CheckOutcome],
    *,
    missing: str,
    seconds: float = 0.0,
) -> QuestionOutcome:
    """Return the question's outcome; checks that reported nothing score 0.

    `missing` is the message for those: NOT_REACHED, OUT_OF_TIME, ENDED, or a limit.
    """
    checks = tuple(
        found.get(check.name)
        or CheckOutcome(name=check.name, score=0.0, message=missing)
        for check in question.checks
    )
    complete = all(check.name in found for check in question.checks)
    total = sum(check.score for check in checks)
    if missing == NOT_REACHED:
        outcome = Outcome.NOT_REACHED
    elif missing == OUT_OF_TIME and not complete:
        outcome = Outcome.TIMEOUT
    elif checks and total == len(checks):
        outcome = Outcome.PASSED
    else:
        outcome = Outcome.PARTIAL if total > 0 else Outcome.FAILED
    return QuestionOutcome(
        key=question.key, outcome=outcome, checks=checks, seconds=round(seconds, 3)
    )


def points(question: QuestionSpec, outcome: QuestionOutcome) -> float:
    """Return the points of the outcome for the checks of `question`.

    `question` may be only a part of the question that was asked. Checks outside this
    part do not count.
    """
    worth = {check.name: check.worth for check in question.checks}
    return sum(check.score * worth.get(check.name, 0) for check in outcome.checks)
