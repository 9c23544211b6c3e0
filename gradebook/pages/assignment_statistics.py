"""The statistics of an assignment: its marks, questions and checks, and its attempts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right, rights_in
from gradebook.class_statistics import (
    ENOUGH,
    MOST_FAIL,
    Bin,
    ItemNumbers,
    Summary,
    histogram,
    summary,
)
from gradebook.services.assignment_numbers import (
    CheckRow,
    counting_marks,
    hand_in_times,
    question_numbers,
    share_of,
    students_of,
)

# The bounds of the columns of attempts, in hours before the deadline.
_BEFORE: Final = (
    ("more than 7 days", 168.0),
    ("3 to 7 days", 72.0),
    ("1 to 3 days", 24.0),
    ("6 to 24 hours", 6.0),
    ("1 to 6 hours", 1.0),
    ("the last hour", 0.0),
)
_LATE: Final = "after the deadline"
# The bounds of the columns of waits, in seconds.
_WAITS: Final = (
    ("up to 10 s", 10.0),
    ("up to 1 min", 60.0),
    ("up to 5 min", 300.0),
    ("up to 15 min", 900.0),
    ("up to 1 h", 3600.0),
)
_LONGER: Final = "longer"


@dataclass(frozen=True, kw_only=True)
class MarksChart:
    """How marks are distributed, in percent."""

    bins: tuple[Bin, ...]
    numbers: Summary | None

    @property
    def is_few(self) -> bool:
        """Whether there are too few marks to say much."""
        return self.numbers is None or self.numbers.count < ENOUGH


@dataclass(frozen=True, kw_only=True)
class QuestionSection:
    """A question with its chart and its checks."""

    key: str
    title: str
    is_tested: bool
    chart: MarksChart
    numbers: ItemNumbers
    checks: tuple[CheckRow, ...]


@dataclass(frozen=True, kw_only=True)
class Suspicion:
    """A question or check that may be broken, and why."""

    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class AssignmentStatisticsPage:
    """The page. `median_wait` is in seconds, None if no run has started."""

    students: int
    chart: MarksChart
    questions: tuple[QuestionSection, ...]
    suspicions: tuple[Suspicion, ...]
    attempts: tuple[Bin, ...]
    waits: tuple[Bin, ...]
    median_wait: float | None
    sees_markers: bool

    @property
    def attempt_count(self) -> int:
        """How many attempts there are."""
        return sum(each.count for each in self.attempts)


def marks_chart(shares: Sequence[float]) -> MarksChart:
    """Return the chart of these shares in percent."""
    return MarksChart(bins=histogram(shares), numbers=summary(shares))


def assignment_statistics_page(
    *, user: User, assignment: Assignment
) -> AssignmentStatisticsPage:
    """Return the statistics. The number of queries does not grow with the course."""
    students = students_of(assignment.course_id)
    marks = counting_marks(assignment, students)
    questions = tuple(
        QuestionSection(
            key=each.key,
            title=each.title,
            is_tested=each.is_tested,
            chart=marks_chart(each.shares),
            numbers=each.numbers,
            checks=each.checks,
        )
        for each in question_numbers(assignment, marks)
    )
    times = hand_in_times(assignment)
    waits = summary(times.waits)
    return AssignmentStatisticsPage(
        students=len(students),
        chart=marks_chart([share_of(mark) for mark in marks.values()]),
        questions=questions,
        suspicions=_suspicions(questions),
        attempts=_attempts(times.hours),
        waits=_waits(times.waits),
        median_wait=waits.median if waits else None,
        sees_markers=Right.OVERSEE in rights_in(user, assignment.course),
    )


def _suspicions(questions: Sequence[QuestionSection]) -> tuple[Suspicion, ...]:
    """Return which tests to look at first: checks, or else their question."""
    found: list[Suspicion] = []
    for each in questions:
        checks = [
            Suspicion(what=f"{each.title}: {_name(check)}", why=why)
            for check in each.checks
            if (why := _why(check.numbers))
        ]
        found += checks
        if each.is_tested and not checks and (why := _why(each.numbers)):
            found.append(Suspicion(what=each.title, why=why))
    return tuple(found)


def _name(check: CheckRow) -> str:
    return (check.description or check.name).rstrip(".")


def _why(numbers: ItemNumbers) -> str:
    if numbers.is_failed_by_most:
        return (
            f"{100 * numbers.failed:.0f} % do not get all of it. From "
            f"{100 * MOST_FAIL:.0f} % on, the test may be wrong."
        )
    if numbers.is_failed_by_the_good:
        return (
            "Students who are better in all else are worse here. The test may refuse "
            "what is right."
        )
    return ""


def _attempts(hours: Sequence[float]) -> tuple[Bin, ...]:
    """Return how many attempts came in so long before the deadline."""
    counts = dict.fromkeys([words for words, _ in _BEFORE] + [_LATE], 0)
    for each in hours:
        words = next((words for words, least in _BEFORE if each >= least), _LATE)
        counts[words] += 1
    return tuple(Bin(words=words, count=count) for words, count in counts.items())


def _waits(seconds: Sequence[float]) -> tuple[Bin, ...]:
    """Return how many runs waited so long in the queue."""
    counts = dict.fromkeys([words for words, _ in _WAITS] + [_LONGER], 0)
    for each in seconds:
        words = next((words for words, most in _WAITS if each <= most), _LONGER)
        counts[words] += 1
    return tuple(Bin(words=words, count=count) for words, count in counts.items())
