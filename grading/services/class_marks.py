"""The marks of a class as shares of all points, for their distribution."""

import datetime as dt
from collections.abc import Iterable
from decimal import Decimal

from courses.deadlines import deadline_of, deadlines_with_extra_time
from courses.models import Assignment
from grading.mark_points import Cap, mark_points
from grading.models import Mark, MarkChange
from grading.services.counting import (
    CountingRow,
    counting_rows,
    points_of_revisions,
    row_without_work,
)
from grading.services.hand_points import load_hand_points

_ZERO = Decimal(0)


def class_shares(assignment: Assignment, *, now: dt.datetime) -> list[Decimal]:
    """Return the marks that were released together, as shares of all points.

    The list is empty while there is none, or while one of them waits for a marker. A
    share is that of the mark as it is now.

    SECURITY: whoever compares the list of one day with that of another must not find
    what one student got. So it has the marks that existed when the marks came out, of
    students who could not hand in any more then: nobody joins later because of an
    extension, a late marking or an excuse that was taken back, and nobody leaves it with
    the course. Excused students leave it.
    """
    if assignment.marks_released_at is None:
        return []
    common = deadline_of(assignment)
    out_at = max(assignment.marks_released_at, common.results_wait_until)
    if out_at >= now:
        return []
    rows = _rows(assignment, _there_at(assignment, out_at))
    if any(row.hand.waiting for row, *_ in rows):
        return []
    return [_share(row, extra, cap) for row, extra, cap in rows if row.possible]


def _there_at(assignment: Assignment, at: dt.datetime) -> set[int]:
    """Return the students who had a mark then, and could not hand in any more.

    Whoever was excused then had none.
    """
    changes = MarkChange.objects.filter(mark__assignment=assignment, at__lte=at)
    rows = changes.order_by("at", "pk").values_list("mark__student", "after")
    there = {student for student, after in dict(rows).items() if after is not None}
    return there - {
        student.pk
        for student, own in deadlines_with_extra_time(assignment).items()
        if own.results_wait_until > at
    }


def _rows(
    assignment: Assignment, students: Iterable[int]
) -> list[tuple[CountingRow, Decimal, Cap | None]]:
    """Return what counts, the adjustment and the cap of those with work.

    Nothing counts of students who are excused.
    """
    possible = points_of_revisions([assignment])
    marked = load_hand_points([assignment.pk])
    rows = counting_rows(assignment, possible=possible, marked=marked)
    stored = Mark.objects.filter(assignment=assignment).order_by()
    columns = ("student", "adjustment", "cap_percent", "cap_words")
    given = {
        student: (adjustment, Cap.of(percent, words))
        for student, adjustment, percent, words in stored.values_list(*columns)
    }
    excused = Mark.objects.excused_students(assignment.pk)
    found = []
    for student in set(students) - excused:
        row = rows.get(student)
        if row is None:
            row = row_without_work(
                assignment, student, possible=possible, marked=marked
            )
        if row is not None:
            found.append((row, *given.get(student, (_ZERO, None))))
    return found


def _share(row: CountingRow, adjustment: Decimal, cap: Cap | None) -> Decimal:
    points = mark_points(
        automatic=row.automatic,
        manual=row.hand.given,
        adjustment=adjustment,
        late=row.late,
        cap=cap,
        possible=row.possible,
    )
    return points.final / row.possible
