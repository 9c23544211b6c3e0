"""Moving the rest of a course by whole weeks, after a preview of what would move.

All times keep their time of day in the course's zone. Students never lose what they
see: a release time that has passed is not moved to the future.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.db import models, transaction

from accounts.actors import Actor
from courses.models import (
    Assignment,
    Attachment,
    Course,
    CourseChange,
    Extension,
    GroupRelease,
    Material,
    Session,
    Week,
)
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.settings_changes import announce_course_marks_change
from courses.services.shift_plan import (
    DatePlan,
    Move,
    RowKind,
    ShiftPlan,
    ShiftRefusedError,
)
from courses.services.shift_planning import plan_shift

__all__ = [
    "Move",
    "RowKind",
    "ShiftPlan",
    "ShiftRefusedError",
    "apply_shift",
    "plan_shift",
]

_MODELS: Final[Mapping[RowKind, type[models.Model]]] = {
    RowKind.WEEK: Week,
    RowKind.SESSION: Session,
    RowKind.ASSIGNMENT: Assignment,
    RowKind.EXTENSION: Extension,
    RowKind.GROUP_RELEASE: GroupRelease,
    RowKind.MATERIAL: Material,
    RowKind.ATTACHMENT: Attachment,
}
_CHANGED: Final = (
    "The course has changed since you saw this page, so nothing was moved. Check "
    "what would move now, and confirm again."
)


@transaction.atomic
def apply_shift(
    *,
    actor: Actor,
    course: Course,
    from_week: int,
    weeks: int,
    seen: str,
    reason: str,
    now: dt.datetime,
) -> ShiftPlan:
    """Move everything in the plan whose digest the person has seen.

    Students read one change for the shift, and one for each deadline of an assignment
    that they see. Raises ShiftRefusedError if the plan is another one by now, has
    faults, or no reason is given, and PermissionDenied if the actor may not edit the
    course.
    """
    require_right(actor, Right.EDIT, course)
    Course.objects.select_for_update().get(pk=course.pk)
    plan = plan_shift(course=course, from_week=from_week, weeks=weeks, now=now)
    check_plan(plan, seen, reason.strip())
    write_moves(plan)
    _record_shift(actor, plan, reason.strip())
    record_deadlines(actor, plan, reason.strip(), now)
    announce_course_marks_change(
        actor=actor, course=plan.course, reason="The deadlines moved."
    )
    return plan


def check_plan(plan: DatePlan, seen: str, reason: str) -> None:
    """Raise ShiftRefusedError if it is not the seen plan, has faults, or no reason."""
    if seen != plan.digest:
        raise ShiftRefusedError(_CHANGED)
    if plan.faults:
        raise ShiftRefusedError(" ".join(plan.faults))
    if not reason:
        raise ShiftRefusedError("Give a reason. Students read it.")


def write_moves(plan: DatePlan) -> None:
    """Store all new times of the plan.

    Raises ShiftRefusedError if one of the times was changed meanwhile.
    """
    for noun, moves in _by_noun(plan.moves).items():
        _write(_MODELS[noun], moves)


def _by_noun(moves: Iterable[Move]) -> dict[RowKind, list[Move]]:
    grouped: dict[RowKind, list[Move]] = {}
    for move in moves:
        grouped.setdefault(move.noun, []).append(move)
    return grouped


def _write(model: type[models.Model], moves: Iterable[Move]) -> None:
    """Store the new times of rows of one model. Two queries, however many rows.

    Raises ShiftRefusedError if one of the times was changed meanwhile.
    """
    moves = list(moves)
    manager = model._default_manager  # noqa: SLF001  Django's documented name
    # Ordered by key: the model's own order may need a join, and joined rows cannot
    # always be locked.
    locked = manager.select_for_update().order_by("pk")
    rows: dict[int, Any] = locked.in_bulk({move.pk for move in moves})
    for move in moves:
        row = rows.get(move.pk)
        if row is None or getattr(row, move.field) != move.before:
            raise ShiftRefusedError(_CHANGED)
        setattr(row, move.field, move.after)
    fields = sorted({move.field for move in moves})
    manager.bulk_update(rows.values(), fields, batch_size=100)


def _record_shift(actor: Actor, plan: ShiftPlan, reason: str) -> None:
    first = next(move for move in plan.moves if move.noun is RowKind.WEEK)
    before, after = first.words(plan.course.tz)
    record_change(
        actor=actor,
        course=plan.course,
        kind=CourseChange.Kind.SHIFT,
        summary=f"{plan.words}.",
        reason=reason,
        before=f"{first.label} from {before}",
        after=f"{first.label} from {after}",
        is_public=True,
    )


def record_deadlines(
    actor: Actor, plan: DatePlan, reason: str, now: dt.datetime
) -> None:
    """Record each common deadline that moved, for those who see its assignment."""
    moved = {
        move.pk: move
        for move in plan.moves
        if move.noun is RowKind.ASSIGNMENT and move.field == "due_at"
    }
    for assignment in plan.course.assignments.filter(pk__in=moved):
        before, after = moved[assignment.pk].words(plan.course.tz)
        record_change(
            actor=actor,
            course=plan.course,
            kind=CourseChange.Kind.DEADLINE,
            summary=f"{assignment.title} is due on {after}.",
            reason=reason,
            before=before,
            after=after,
            is_public=is_released(assignment.release_at, now),
            about=assignment,
        )
