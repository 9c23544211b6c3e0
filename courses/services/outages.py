"""After an outage: moving all deadlines within a window by hours, in one action.

It moves the deadlines of assignments and of extensions. Students whose accommodation
ends within the window, while the common deadline does not, get an extension. So nobody's
own deadline stays within the window.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction

from accounts.models import User
from courses.deadlines import deadlines_with_extra_time
from courses.models import Assignment, Course, CourseChange, Extension
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.announcements import AnnouncementContent, create_announcement
from courses.services.changes import record_change
from courses.services.settings_changes import announce_course_marks_change
from courses.services.shift_plan import (
    DatePlan,
    Move,
    RowKind,
    ShiftRefusedError,
    UnmovedRow,
)
from courses.services.shifting import check_plan, record_deadlines, write_moves
from courses.wall_clock import moment_words

MOST_HOURS: Final = 336
_NOTHING: Final = "No deadline of this course is within these times."
_ORDER: Final = "The end must be later than the start."


@dataclass(frozen=True, kw_only=True)
class OutageGrant:
    """An extension for a student whose accommodation ends within the window."""

    assignment: Assignment
    student: User
    before: dt.datetime
    after: dt.datetime


@dataclass(frozen=True, kw_only=True)
class OutagePlan(DatePlan):
    """All deadlines from `starts_at` to `ends_at`, moved by so many hours.

    `grants` are the extensions that accommodated students get.
    """

    starts_at: dt.datetime
    ends_at: dt.datetime
    hours: int
    grants: tuple[OutageGrant, ...]

    @property
    def key(self) -> list[object]:
        """The window, the hours, and who gets an extension."""
        grants = [
            [each.assignment.pk, each.student.pk, each.before.isoformat()]
            for each in self.grants
        ]
        return [
            self.starts_at.isoformat(),
            self.ends_at.isoformat(),
            self.hours,
            grants,
        ]

    @property
    def words(self) -> str:
        """What moves, in a sentence without its full stop."""
        hours = "1 hour" if self.hours == 1 else f"{self.hours} hours"
        zone = self.course.tz
        return (
            f"Deadlines from {moment_words(self.starts_at, zone)} to "
            f"{moment_words(self.ends_at, zone)} moved by {hours}"
        )


def plan_outage(
    *, course: Course, starts_at: dt.datetime, ends_at: dt.datetime, hours: int
) -> OutagePlan:
    """Return which deadlines would move. Four queries, and two for each assignment.

    Raises ShiftRefusedError if the window or the number of hours is impossible.
    """
    if not 1 <= hours <= MOST_HOURS:
        raise ShiftRefusedError(f"Give a number of hours from 1 to {MOST_HOURS}.")
    if ends_at <= starts_at:
        raise ShiftRefusedError(_ORDER)
    window = _Window(starts_at=starts_at, ends_at=ends_at, by=dt.timedelta(hours=hours))
    assignments = list(course.assignments.select_related("course"))
    grants = tuple(grant for each in assignments for grant in _grants(each, window))
    moves = (
        *(move for each in assignments for move in _moves(each, window)),
        *_extension_moves(assignments, window, grants),
    )
    return OutagePlan(
        course=course,
        starts_at=starts_at,
        ends_at=ends_at,
        hours=hours,
        moves=moves,
        grants=grants,
        unmoved=tuple(
            UnmovedRow(label=each.title, why="Not within these times", at=each.due_at)
            for each in assignments
            if not window.has(each.due_at)
        ),
        faults=() if moves or grants else (_NOTHING,),
    )


@dataclass(frozen=True, kw_only=True)
class _Window:
    """The times of an outage, and by how much deadlines move."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    by: dt.timedelta

    def has(self, moment: dt.datetime | None) -> bool:
        """Return whether the moment is within the window."""
        return moment is not None and self.starts_at <= moment <= self.ends_at

    def moved(self, moment: dt.datetime) -> dt.datetime:
        """Return the moment so many real hours later."""
        return moment.astimezone(dt.UTC) + self.by


def _moves(assignment: Assignment, window: _Window) -> Iterator[Move]:
    """Yield the moves of the common deadline, and of the end of late work."""
    is_due = window.has(assignment.due_at)
    if is_due:
        yield _move(RowKind.ASSIGNMENT, assignment, assignment.title, "due_at", window)
    closes_at = assignment.closes_at
    if closes_at is not None and (is_due or window.has(closes_at)):
        yield _move(
            RowKind.ASSIGNMENT, assignment, assignment.title, "closes_at", window
        )


def _extension_moves(
    assignments: Sequence[Assignment],
    window: _Window,
    grants: Sequence[OutageGrant],
) -> Iterator[Move]:
    """Yield the moves of extensions, but for those that the grants replace."""
    replaced = {(each.assignment.pk, each.student.pk) for each in grants}
    rows = Extension.objects.filter(assignment__in=assignments).order_by("pk")
    for row in rows.select_related("assignment", "student"):
        is_replaced = (row.assignment_id, row.student_id) in replaced
        if window.has(row.due_at) and not is_replaced:
            label = f"{row.assignment.title}: {row.student}"
            yield _move(RowKind.EXTENSION, row, label, "due_at", window)


def _grants(assignment: Assignment, window: _Window) -> Iterator[OutageGrant]:
    """Yield extensions for students whose accommodation ends within the window.

    Where the common deadline moves, the accommodation moves with it.
    """
    if window.has(assignment.due_at):
        return
    extended = set(
        Extension.objects.filter(assignment=assignment).values_list("student", "due_at")
    )
    for student, own in deadlines_with_extra_time(assignment).items():
        is_extension = (student.pk, own.due_at) in extended
        if window.has(own.due_at) and not is_extension:
            yield OutageGrant(
                assignment=assignment,
                student=student,
                before=own.due_at,
                after=window.moved(own.due_at),
            )


def _move(noun: RowKind, row: Any, label: str, field: str, window: _Window) -> Move:
    before: dt.datetime = getattr(row, field)
    return Move(
        noun=noun,
        pk=row.pk,
        label=label,
        field=field,
        before=before,
        after=window.moved(before),
    )


@transaction.atomic
def apply_outage(
    *,
    actor: User,
    course: Course,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    hours: int,
    seen: str,
    reason: str,
    now: dt.datetime,
) -> OutagePlan:
    """Move everything in the plan whose digest the person has seen.

    A notice in the course, which is mailed to everybody in it, says why and what moved.
    Raises ShiftRefusedError if the plan is another one by now, has faults, or no reason
    is given, and PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, course)
    Course.objects.select_for_update().get(pk=course.pk)
    plan = plan_outage(course=course, starts_at=starts_at, ends_at=ends_at, hours=hours)
    check_plan(plan, seen, reason.strip())
    write_moves(plan)
    for grant in plan.grants:
        _grant(actor, grant, plan)
    record_deadlines(actor, plan, reason.strip(), now)
    _record_extensions(actor, plan, now)
    create_announcement(
        actor=actor,
        course=course,
        content=AnnouncementContent(
            title="Deadlines moved",
            body=_notice(plan, reason.strip(), now),
            release_at=now,
            is_mailed=True,
        ),
    )
    announce_course_marks_change(
        actor=actor, course=course, reason="The deadlines moved."
    )
    return plan


def _grant(actor: User, grant: OutageGrant, plan: OutagePlan) -> None:
    Extension.objects.update_or_create(
        assignment=grant.assignment,
        student=grant.student,
        defaults={
            "due_at": grant.after,
            "reason": f"{plan.words}.",
            "granted_by": actor,
        },
    )


def _record_extensions(actor: User, plan: OutagePlan, now: dt.datetime) -> None:
    """Record each student's own deadline that moved, for them alone."""
    moved: dict[int, tuple[Any, Any]] = {
        move.pk: (move.before, move.after)
        for move in plan.moves
        if move.noun is RowKind.EXTENSION
    }
    rows = Extension.objects.filter(pk__in=moved)
    told = [
        (row.assignment, row.student, *moved[row.pk])
        for row in rows.select_related("assignment", "student")
    ]
    told += [(g.assignment, g.student, g.before, g.after) for g in plan.grants]
    zone = plan.course.tz
    for assignment, student, before, after in told:
        record_change(
            actor=actor,
            course=plan.course,
            kind=CourseChange.Kind.EXTENSION,
            summary=f"For {student}, {assignment.title} is due on "
            f"{moment_words(after, zone)}.",
            before=moment_words(before, zone),
            after=moment_words(after, zone),
            is_public=is_released(assignment.release_at, now),
            about=assignment,
            student=student,
        )


def _notice(plan: OutagePlan, reason: str, now: dt.datetime) -> str:
    """Return the notice: why, and the new deadlines of what students see already."""
    due: dict[int, Any] = {
        move.pk: move.after
        for move in plan.moves
        if move.noun is RowKind.ASSIGNMENT and move.field == "due_at"
    }
    rows = plan.course.assignments.filter(pk__in=due).order_by("due_at", "title")
    lines = [
        f"- {row.title}: {moment_words(due[row.pk], plan.course.tz)}"
        for row in rows
        if is_released(row.release_at, now)
    ]
    hours = "1 hour" if plan.hours == 1 else f"{plan.hours} hours"
    moved = f"These deadlines moved by {hours}:\n\n" + "\n".join(lines)
    own = (
        "If your own deadline was within these times, it moved by as much. Your new "
        "deadline is on the page of the coursework."
    )
    return "\n\n".join([reason, *([moved] if lines else []), own])
