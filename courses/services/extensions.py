"""Services that grant, change and withdraw extensions, of one student or of many."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.deadlines import deadline_of, extra_time_for
from courses.extra_time import ExtraTime
from courses.models import Assignment, CourseChange, Enrolment, Extension
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.field_refusals import FieldsRefusedError
from courses.services.settings_changes import announce_marks_change
from courses.wall_clock import moment_words

_GRANTED = "An extension was granted."
_WITHDRAWN = "An extension was withdrawn."


class ExtensionRefusedError(FieldsRefusedError):
    """The extension was refused, and nothing was stored."""


@dataclass(frozen=True, kw_only=True)
class ExtensionGrant:
    """An extension to grant: who, until when, and why."""

    student: User
    due_at: dt.datetime
    reason: str


def grant_extension(
    *,
    actor: User,
    assignment: Assignment,
    student: User,
    due_at: dt.datetime,
    reason: str,
) -> Extension:
    """Give the student this deadline, in place of any earlier extension.

    Raises ExtensionRefusedError, and PermissionDenied if the actor may not edit the
    course.
    """
    grant = ExtensionGrant(student=student, due_at=due_at, reason=reason)
    return grant_extensions(actor=actor, assignment=assignment, grants=[grant])[0]


@transaction.atomic
def grant_extensions(
    *, actor: User, assignment: Assignment, grants: Sequence[ExtensionGrant]
) -> list[Extension]:
    """Give the students these deadlines, all or none. Marks follow once, at the end.

    Raises ExtensionRefusedError for the first that is impossible, and PermissionDenied
    if the actor may not edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, assignment.course)
    granted = []
    for extension, before in _built(actor, assignment, grants):
        _store(actor, extension, before)
        granted.append(extension)
    if granted:
        announce_marks_change(actor=actor, assignment=assignment, reason=_GRANTED)
    return granted


def check_grants(
    *, actor: User, assignment: Assignment, grants: Sequence[ExtensionGrant]
) -> None:
    """Refuse what `grant_extensions` would refuse, and store nothing."""
    require_right(actor, Right.MANAGE_PEOPLE, assignment.course)
    _built(actor, assignment, grants)


def _built(
    actor: User, assignment: Assignment, grants: Sequence[ExtensionGrant]
) -> list[tuple[Extension, dt.datetime | None]]:
    """Return the rows to store, each with its extended deadline until now, or None.

    Raises ExtensionRefusedError.
    """
    students = [grant.student.pk for grant in grants]
    known = _known_students(assignment, students)
    found = _stored_extensions(assignment, students)
    built = []
    for grant in grants:
        extension = found.get(grant.student.pk) or Extension(
            assignment=assignment, student=grant.student
        )
        before = extension.due_at if extension.pk else None
        extension.due_at, extension.reason = grant.due_at, grant.reason
        extension.granted_by = actor
        try:
            extension.clean_fields(exclude=["assignment", "student", "granted_by"])
            extension.check_values(is_student=grant.student.pk in known)
        except ValidationError as error:
            raise ExtensionRefusedError.of(error) from error
        built.append((extension, before))
    return built


def _known_students(assignment: Assignment, students: Collection[int]) -> set[int]:
    """Return those of the people who are students of the course."""
    rows = Enrolment.objects.students().filter(
        course=assignment.course_id, user__in=students
    )
    return set(rows.values_list("user", flat=True))


def _stored_extensions(
    assignment: Assignment, students: Collection[int]
) -> dict[int, Extension]:
    """Return the students' extensions, locked, by the student's id."""
    rows = Extension.objects.select_for_update(of=("self",))
    found = rows.filter(assignment=assignment, student__in=students)
    by_student = {each.student_id: each for each in found.select_related("student")}
    for extension in by_student.values():
        extension.assignment = assignment
    return by_student


@transaction.atomic
def save_extension(*, actor: User, extension: Extension) -> None:
    """Store the extension, and record a change of the deadline.

    The student reads it among the changes, without the reason. Raises PermissionDenied
    if the actor may not edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, extension.assignment.course)
    stored = Extension.objects.select_for_update().filter(pk=extension.pk).first()
    before = stored.due_at if stored else None
    _store(actor, extension, before)
    if before != extension.due_at:
        announce_marks_change(
            actor=actor, assignment=extension.assignment, reason=_GRANTED
        )


def _store(actor: User, extension: Extension, before: dt.datetime | None) -> None:
    """Store the extension. `before` is the extended deadline until now, or None."""
    extension.save()
    if before != extension.due_at:
        extra_time = extra_time_for(extension.assignment, extension.student)
        _record(actor, extension, replace(extra_time, extended_to=before), extra_time)


def withdraw_extension(*, actor: User, extension: Extension) -> None:
    """Delete the extension, so that the student's deadline is as without it.

    Raises PermissionDenied if the actor may not edit the course.
    """
    withdraw_extensions(actor=actor, extensions=[extension])


@transaction.atomic
def withdraw_extensions(*, actor: User, extensions: Iterable[Extension]) -> None:
    """Delete the extensions, and record each. Marks follow once for each assignment.

    The extensions come with their assignments, courses and students. Raises
    PermissionDenied if the actor may not edit one of the courses.
    """
    assignments = {}
    for extension in extensions:
        assignment = extension.assignment
        require_right(actor, Right.MANAGE_PEOPLE, assignment.course)
        extra_time = extra_time_for(assignment, extension.student)
        _record(actor, extension, extra_time, replace(extra_time, extended_to=None))
        extension.delete()
        assignments[assignment.pk] = assignment
    for assignment in assignments.values():
        announce_marks_change(actor=actor, assignment=assignment, reason=_WITHDRAWN)


def _record(
    actor: User, extension: Extension, before: ExtraTime, after: ExtraTime
) -> None:
    """Record the student's deadline by the extra time before and after."""
    assignment = extension.assignment
    zone = assignment.course.tz
    was, becomes = (
        moment_words(deadline_of(assignment, each).due_at, zone)
        for each in (before, after)
    )
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.EXTENSION,
        summary=f"For {extension.student}, {assignment.title} is due on {becomes}.",
        before=was,
        after=becomes,
        is_public=is_released(assignment.release_at, timezone.now()),
        about=assignment,
        student=extension.student,
    )
