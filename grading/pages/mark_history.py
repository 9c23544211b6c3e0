"""The page of one student's mark for staff: its parts, and every change of it."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
from courses.models import Assignment
from grading.mark_points import MarkPoints
from grading.models import CountingWork, GradingRun, Mark, MarkChange, Standing
from grading.services.marks import load_counting_runs

# The latest changes that the page shows.
MOST_CHANGES = 200


@dataclass(frozen=True, kw_only=True)
class HistoryRow:
    """A change of the mark. `before` and `after` are None where there are no points."""

    at: dt.datetime
    by: str
    before: Decimal | None
    after: Decimal | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class MarkHistoryPage:
    """A student's mark; `points` is None while there is none, or if they are excused."""

    assignment: Assignment
    student: User
    points: MarkPoints | None
    possible: Decimal
    standing: Standing | None
    run: GradingRun | None
    changes: tuple[HistoryRow, ...]


def mark_history_page(assignment: Assignment, student: User) -> MarkHistoryPage:
    """Return the page. The number of queries does not grow with the history."""
    rows = Mark.objects.filter(assignment=assignment, student=student)
    found = load_counting_runs(rows, "revision__questions")
    mark = found[0] if found else None
    work = mark.counting() if mark else None
    is_marked = mark is not None and not (mark.is_excused or mark.is_empty)
    return MarkHistoryPage(
        assignment=assignment,
        student=student,
        points=mark.points if mark and is_marked else None,
        possible=_possible(assignment, work),
        standing=mark.decision if mark else None,
        run=work.run if work else None,
        changes=_changes(mark) if mark else (),
    )


def _possible(assignment: Assignment, work: CountingWork | None) -> Decimal:
    if work is not None and work.run is not None:
        questions = work.run.revision.questions.all()
        return sum((each.points for each in questions), Decimal(0))
    return work.possible if work else assignment.marks_out_of or Decimal(0)


def _changes(mark: Mark) -> tuple[HistoryRow, ...]:
    rows = MarkChange.objects.filter(mark=mark).select_related("actor")
    return tuple(
        HistoryRow(
            at=row.at,
            by=row.actor.name if row.actor else "",
            before=row.before,
            after=row.after,
            reason=row.reason,
        )
        for row in rows[:MOST_CHANGES]
    )
