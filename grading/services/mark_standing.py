"""What staff decide for a student: excused, absent, withheld, or 0 for nothing."""

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from courses.models import Assignment, Enrolment, Rubric
from courses.permissions import DECIDES_MARKS, Right, can
from courses.services.access import require_some_right
from grading.models import Mark, Standing
from grading.services.mark_changes import ChangedMark, record_mark_changes
from grading.services.marker_scope import MarkerScope, marker_scope


class StandingRefusedError(Exception):
    """The decision cannot be stored. The message says why."""


def may_decide(scope: MarkerScope, keys: Iterable[str], student: int) -> bool:
    """Return whether the person may mark all these questions of the student.

    SECURITY: where people mark no question, nobody is given any, so whoever sees only
    what they are given decides nothing.
    """
    asked = list(keys)
    if scope.may_edit:
        return True
    is_given_some = bool(asked) or not scope.sees_own_only
    return is_given_some and all(scope.includes(key, student) for key in asked)


@transaction.atomic
def set_standing(
    *,
    actor: User,
    assignment: Assignment,
    student: User,
    standing: Standing | None,
    reason: str,
) -> Mark | None:
    """Store what holds for the student; None takes it back.

    Return None, and store no mark, if there is nothing to take back. Of an excused
    student no work counts, also such as is handed in or marked later. 0 points hold only
    while nothing counts. A withheld mark keeps its points, and the student is told none.
    Raises PermissionDenied if the actor may neither mark in the course nor manage its
    marks, and StandingRefusedError without a reason, or if they do not manage its marks
    and may not mark all questions of the student.
    """
    require_some_right(actor, DECIDES_MARKS, assignment.course)
    scope = marker_scope(actor, assignment)
    keys = Rubric.objects.filter(assignment=assignment).values_list("key", flat=True)
    may_manage = can(actor, Right.MANAGE_MARKS, assignment.course)
    if not may_manage and not may_decide(scope, keys, student.pk):
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
    before = mark.final_points if mark.changes.exists() else None
    mark.standing, mark.updated_at = stored, Now()
    mark.save(update_fields=["standing", "updated_at"])
    words = standing.label if standing else "No decision any more"
    changed = ChangedMark(
        mark=mark,
        before=before,
        after=mark.final_points,
        reason=f"{words}. {reason.strip()}",
    )
    record_mark_changes(actor, [changed])
    mark.refresh_from_db(fields=["updated_at"])
    return mark


@transaction.atomic
def set_standings(
    *,
    actor: User,
    assignment: Assignment,
    students: Collection[int],
    standing: Standing | None,
    reason: str,
) -> int:
    """Store what holds for these students, by their ids; return how many they are.

    Nothing is stored for anybody if one of them cannot be decided about. Raises what
    `set_standing` does, and StandingRefusedError if nobody is chosen or somebody is no
    student of the course.
    """
    people = students_of(assignment, students)
    marks = Mark.objects.filter(assignment=assignment, student__in=people)
    # In the order in which marks are locked everywhere.
    list(marks.select_for_update(of=("self",)).order_by("pk").only("pk"))
    for student in people:
        set_standing(
            actor=actor,
            assignment=assignment,
            student=student,
            standing=standing,
            reason=reason,
        )
    return len(people)


def students_of(assignment: Assignment, chosen: Collection[int]) -> list[User]:
    """Return the chosen students of the course by their ids, in their order.

    Raises StandingRefusedError if none is chosen, or one is no student of the course.
    """
    rows = Enrolment.objects.students().filter(course=assignment.course_id)
    found = list(
        User.objects.filter(pk__in=chosen, enrolments__in=rows.order_by()).order_by(
            "pk"
        )
    )
    if not chosen:
        raise StandingRefusedError("Choose at least one student.")
    if len(found) != len(set(chosen)):
        raise StandingRefusedError(
            "Somebody whom you chose is no student of the course any more. Choose again."
        )
    return found
