"""Marks as they are and as they would be, shown before anything is stored."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from accounts.models import User
from courses.models import Assignment
from grading.hand_points import HandPoints
from grading.mark_points import LateTerms
from grading.models import GradingRun, Mark, possible_of
from grading.services.counting import (
    choose_counting,
    comparable_points,
    points_of_revisions,
)
from grading.services.hand_points import MarkedByHand, load_hand_points
from grading.services.lateness import AS_STORED, AssumedSettings, run_terms
from grading.services.marks import attempt_runs_by_owner, automatic_points

_ZERO: Final = Decimal(0)
# Says what people gave for a run's attempt.
ByHand = Callable[[GradingRun], HandPoints]


@dataclass(frozen=True, kw_only=True)
class MarkPreview:
    """A student's mark as it is, and as it would be.

    `before` is None if there is no mark. Both are None for a student who is excused.
    """

    assignment: Assignment
    student: User
    attempt: int | None
    before: Decimal | None
    after: Decimal | None

    @property
    def changes(self) -> bool:
        return self.before != self.after

    @property
    def difference(self) -> Decimal:
        return (self.after or _ZERO) - (self.before or _ZERO)


@dataclass(frozen=True, kw_only=True)
class AttemptValues:
    """What attempts are worth, as they are or as they would be.

    `hand` says what people gave, `terms` how late a run's attempt is, and `points` what
    the checks gave.
    """

    hand: ByHand
    terms: Mapping[UUID, LateTerms]
    points: Callable[[GradingRun], Decimal] = automatic_points

    def compared(self, run: GradingRun) -> Decimal:
        """Return the points by which the run's attempt is compared with others."""
        return comparable_points(
            self.points(run), self.hand(run), self.terms.get(run.pk)
        )

    def final(self, mark: Mark, run: GradingRun | None) -> Decimal | None:
        """Return the final points of the mark if this run counts.

        None if the student is excused.
        """
        if mark.is_excused:
            return None
        if run is None:
            return mark.points_with(_ZERO, _ZERO, None, possible=_ZERO).final
        given, late = self.hand(run).given, self.terms.get(run.pk)
        return mark.points_with(
            self.points(run), given, late, possible=possible_of(run)
        ).final


def preview_mark(
    mark: Mark | None,
    run: GradingRun,
    *,
    before: GradingRun | None,
    stored: AttemptValues,
    changed: AttemptValues,
) -> MarkPreview:
    """Return a student's mark as it is, and as it would be.

    `before` is the run that counts now, with the values `stored`. `run` is the one that
    would count, with the values `changed`.
    """
    given = mark or Mark()
    return MarkPreview(
        assignment=run.work.assignment,
        student=run.work.author,
        attempt=run.work.attempt,
        before=stored.final(given, before) if mark else None,
        after=changed.final(given, run),
    )


def preview_assumed(
    assignments: Collection[Assignment],
    assumed: AssumedSettings,
    *,
    students: Collection[int] | None = None,
) -> tuple[MarkPreview, ...]:
    """Return the marks that would differ with these settings: all, or some students'.

    Nothing is written, and the number of queries does not grow with the course.
    """
    found = {
        owner: runs
        for owner, runs in attempt_runs_by_owner(assignments).items()
        if students is None or owner[1] in students
    }
    runs = [run for of_owner in found.values() for run in of_owner]
    hand = load_hand_points(each.pk for each in assignments).of_run
    stored = AttemptValues(hand=hand, terms=run_terms(runs, AS_STORED))
    changed = AttemptValues(hand=hand, terms=run_terms(runs, assumed))
    marks = {
        (mark.assignment_id, mark.student_id): mark
        for mark in Mark.objects.filter(assignment__in=assignments)
    }
    rows = []
    for owner, of_owner in found.items():
        assignment = of_owner[0].work.assignment
        row = _preview(
            marks.get(owner),
            of_owner,
            stored=stored,
            changed=changed,
            rule=assumed.assignment(assignment).counting,
        )
        rows.append(row)
    return tuple(sorted((row for row in rows if row.changes), key=by_name))


def _preview(
    mark: Mark | None,
    runs: Sequence[GradingRun],
    *,
    stored: AttemptValues,
    changed: AttemptValues,
    rule: str,
) -> MarkPreview:
    """Return the mark as it is, and with the values `changed` by the counting rule."""
    counting = runs[0].work.assignment.counting
    return preview_mark(
        mark,
        choose_counting(rule, runs, changed.compared) or runs[0],
        before=choose_counting(counting, runs, stored.compared),
        stored=stored,
        changed=changed,
    )


def preview_hand(
    assignment: Assignment, stored: MarkedByHand, changed: MarkedByHand
) -> tuple[MarkPreview, ...]:
    """Return the marks that would differ if people had given `changed` points.

    Nothing is written, and the number of queries does not grow with the course.
    """
    attempts = {
        student: runs
        for (_, student), runs in attempt_runs_by_owner([assignment]).items()
    }
    terms = run_terms(run for runs in attempts.values() for run in runs)
    values = [
        AttemptValues(hand=each.of_run, terms=terms) for each in (stored, changed)
    ]
    marks = Mark.objects.filter(assignment=assignment).select_related("student")
    possible = points_of_revisions([assignment]).get(assignment.revision_id or 0)
    rows = []
    for mark in marks:
        runs = attempts.get(mark.student_id)
        if runs:
            row = _preview(
                mark,
                runs,
                stored=values[0],
                changed=values[1],
                rule=assignment.counting,
            )
        else:
            given = [
                each.of(mark.student_id, assignment.revision_id).given
                for each in (stored, changed)
            ]
            before, after = (
                None
                if mark.is_excused
                else mark.points_with(_ZERO, each, None, possible=possible).final
                for each in given
            )
            row = MarkPreview(
                assignment=assignment,
                student=mark.student,
                attempt=None,
                before=before,
                after=after,
            )
        rows.append(row)
    return tuple(sorted((row for row in rows if row.changes), key=by_name))


def by_name(row: MarkPreview) -> tuple[str, str, int, str]:
    """Return the sort key of a row: last name, first name, id, assignment."""
    person = row.student
    return (
        person.last_name.casefold(),
        person.first_name.casefold(),
        person.pk,
        row.assignment.title,
    )
