"""Marks as they are and as they would be, shown before anything is stored."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from accounts.models import User
from courses.models import Assignment
from grading.mark_points import LateTerms, points_after
from grading.models import GradingRun, Mark
from grading.services.counting import choose_counting
from grading.services.lateness import AS_STORED, AssumedSettings, run_terms
from grading.services.marks import automatic_points, latest_finished_runs_by_owner


@dataclass(frozen=True, kw_only=True)
class MarkPreview:
    """A student's mark as it is, and as it would be."""

    assignment: Assignment
    student: User
    attempt: int | None
    before: Decimal | None
    after: Decimal

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def difference(self) -> Decimal:
        return self.after - (self.before or Decimal(0))


def preview_mark(
    mark: Mark | None,
    run: GradingRun,
    *,
    before: GradingRun | None,
    points: Decimal,
    late: LateTerms | None,
    late_before: LateTerms | None,
) -> MarkPreview:
    """Return a student's mark as it is, and as it would be with these points.

    `before` is the run that counts now, `run` the one that would count, and `points`
    are its automatic points. `late` and `late_before` are the terms of each, if it is
    late.
    """
    earned = automatic_points(before) if before else Decimal(0)
    given = mark or Mark()
    return MarkPreview(
        assignment=run.work.assignment,
        student=run.work.author,
        attempt=run.work.attempt,
        before=given.points_with(earned, late_before).final if mark else None,
        after=given.points_with(points, late).final,
    )


def points_with_penalties(
    mark: Mark | None,
    terms: Mapping[UUID, LateTerms],
    points: Callable[[GradingRun], Decimal] = automatic_points,
) -> Callable[[GradingRun], Decimal]:
    """Return a function that says what each attempt of a student is worth.

    It returns a run's points, with those given by hand, after its late penalty.
    """
    manual = mark.manual_points if mark else Decimal(0)
    return lambda run: points_after(points(run) + manual, terms.get(run.pk))


def preview_assumed(
    assignments: Collection[Assignment],
    assumed: AssumedSettings,
    *,
    student: User | None = None,
) -> tuple[MarkPreview, ...]:
    """Return the marks that would differ with these settings: all, or a student's.

    Nothing is written, and the number of queries does not grow with the course.
    """
    found = {
        owner: runs
        for owner, runs in latest_finished_runs_by_owner(assignments).items()
        if student is None or owner[1] == student.pk
    }
    runs = [run for of_owner in found.values() for run in of_owner]
    stored, changed = run_terms(runs, AS_STORED), run_terms(runs, assumed)
    marks = {
        (mark.assignment_id, mark.student_id): mark
        for mark in Mark.objects.filter(assignment__in=assignments)
    }
    rows = [
        _preview(marks.get(owner), of_owner, stored, changed, assumed)
        for owner, of_owner in found.items()
    ]
    return tuple(sorted((row for row in rows if row.changes), key=by_name))


def _preview(
    mark: Mark | None,
    runs: Sequence[GradingRun],
    stored: Mapping[UUID, LateTerms],
    changed: Mapping[UUID, LateTerms],
    assumed: AssumedSettings,
) -> MarkPreview:
    assignment = runs[0].work.assignment
    rule = assumed.assignment(assignment).counting
    before = choose_counting(
        assignment.counting, runs, points_with_penalties(mark, stored)
    )
    after = choose_counting(rule, runs, points_with_penalties(mark, changed)) or runs[0]
    return preview_mark(
        mark,
        after,
        before=before,
        points=automatic_points(after),
        late=changed.get(after.pk),
        late_before=stored.get(before.pk) if before else None,
    )


def by_name(row: MarkPreview) -> tuple[str, str, int, str]:
    """Return the sort key of a row: last name, first name, id, assignment."""
    person = row.student
    return (
        person.last_name.casefold(),
        person.first_name.casefold(),
        person.pk,
        row.assignment.title,
    )
