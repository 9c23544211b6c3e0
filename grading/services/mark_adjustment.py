"""Adjusting a mark: points that staff add to it, or take from it, with a reason."""

from decimal import Decimal
from typing import Final

from django.db import transaction

from accounts.models import User
from courses.models import Assignment
from courses.permissions import DECIDES_MARKS
from courses.services.access import require_some_right
from grading.models import Mark
from grading.services.marks import recompute_mark

MOST_ADJUSTMENT: Final = Decimal(99_999)


class AdjustmentRefusedError(Exception):
    """The adjustment cannot be stored. The message says why."""


@transaction.atomic
def adjust_mark(
    *, actor: User, assignment: Assignment, student: User, by: Decimal, reason: str
) -> Mark:
    """Add these points to the adjustment of the student's mark, and record it.

    `by` is negative to take points. Raises PermissionDenied if the actor may neither
    mark in the course nor manage its marks, and AdjustmentRefusedError without a reason,
    without a mark, or if the points have more than two decimals or are too many.
    """
    require_some_right(actor, DECIDES_MARKS, assignment.course)
    if not reason.strip():
        raise AdjustmentRefusedError("Give a reason. It stays in the mark's history.")
    if not by.is_finite() or by != round(by, 2):
        raise AdjustmentRefusedError("Give points with two decimals at most.")
    mark = _locked(assignment, student)
    if mark is None or (assignment.has_entered_marks and mark.is_empty):
        raise AdjustmentRefusedError(f"{student.name} has no mark to adjust.")
    mark.adjustment += by
    if abs(mark.adjustment) > MOST_ADJUSTMENT:
        raise AdjustmentRefusedError(f"Add or take at most {MOST_ADJUSTMENT} points.")
    mark.save(update_fields=["adjustment"])
    recompute_mark(actor=actor, assignment=assignment, student=student, reason=reason)
    return mark


def _locked(assignment: Assignment, student: User) -> Mark | None:
    """Return the mark, locked in the order in which `recompute_mark` locks."""
    marks = Mark.objects.filter(student=student)
    if assignment.course.late_days:
        marks = marks.filter(assignment__course=assignment.course_id)
    else:
        marks = marks.filter(assignment=assignment)
    locked = marks.select_for_update(of=("self",)).order_by("pk")
    found = [mark for mark in locked if mark.assignment_id == assignment.pk]
    return found[0] if found else None
