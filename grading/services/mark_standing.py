"""What staff decide for a student who handed in nothing: 0 points, or excused."""

from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import actor_user
from accounts.models import User
from courses.models import Assignment, Rubric
from courses.permissions import Right
from courses.services.access import require_right
from grading.models import Mark, MarkChange, Standing
from grading.services.marker_scope import marker_scope


class StandingRefusedError(Exception):
    """The decision cannot be stored. The message says why."""


@transaction.atomic
def set_standing(
    *,
    actor: User,
    assignment: Assignment,
    student: User,
    standing: Standing | None,
    reason: str,
) -> Mark | None:
    """Store what holds for a student who handed in nothing; None takes it back.

    Return None, and store no mark, if there is nothing to take back. The points stay as
    they are, and work that the student hands in later counts nevertheless. Raises
    PermissionDenied if the actor may not mark in the course, and StandingRefusedError
    without a reason or if they may not mark all questions of the student.
    """
    require_right(actor, Right.GRADE, assignment.course)
    scope = marker_scope(actor, assignment)
    keys = Rubric.objects.filter(assignment=assignment).values_list("key", flat=True)
    may_decide = all(scope.includes(key, student.pk) for key in keys)
    if not (scope.may_edit or may_decide):
        raise StandingRefusedError(
            "Only those who may mark all questions of the student can decide this."
        )
    if not reason.strip():
        raise StandingRefusedError("Give a reason. It stays in the mark's history.")
    marks = Mark.objects.filter(assignment=assignment, student=student)
    if standing is None and not marks.exists():
        return None
    Mark.objects.get_or_create(assignment=assignment, student=student)
    mark = Mark.objects.select_for_update().get(assignment=assignment, student=student)
    stored = standing.value if standing else ""
    if mark.standing == stored:
        return mark
    before = mark.final_points
    mark.standing, mark.updated_at = stored, Now()
    mark.save(update_fields=["standing", "updated_at"])
    words = standing.label if standing else "No decision any more"
    MarkChange.objects.create(
        mark=mark,
        at=Now(),
        actor=actor_user(actor),
        run=mark.run,
        before=before,
        after=mark.final_points,
        reason=f"{words}. {reason.strip()}",
    )
    mark.refresh_from_db(fields=["updated_at"])
    return mark
