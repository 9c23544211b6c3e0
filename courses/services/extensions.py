"""Services that grant, change and withdraw extensions."""

import datetime as dt

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, CourseChange, Extension
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.field_refusals import FieldsRefusedError
from courses.services.settings_changes import announce_marks_change
from courses.wall_clock import moment_words


class ExtensionRefusedError(FieldsRefusedError):
    """The extension was refused, and nothing was stored."""


@transaction.atomic
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
    require_right(actor, Right.EDIT, assignment.course)
    extension = Extension.objects.filter(assignment=assignment, student=student).first()
    if extension is None:
        extension = Extension(assignment=assignment, student=student)
    extension.due_at, extension.reason = due_at, reason
    extension.granted_by = actor
    try:
        extension.full_clean()
    except ValidationError as error:
        raise ExtensionRefusedError.of(error) from error
    save_extension(actor=actor, extension=extension)
    return extension


@transaction.atomic
def save_extension(*, actor: User, extension: Extension) -> None:
    """Store the extension, and record a change of the deadline.

    The student reads it among the changes, without the reason. Raises PermissionDenied
    if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, extension.assignment.course)
    rows = Extension.objects.select_for_update()
    stored = rows.filter(pk=extension.pk).first()
    extension.save()
    if stored is None or stored.due_at != extension.due_at:
        before = stored.due_at if stored else extension.assignment.due_at
        _record(actor, extension, before=before, after=extension.due_at)
        _follow(actor, extension, "An extension was granted.")


@transaction.atomic
def withdraw_extension(*, actor: User, extension: Extension) -> None:
    """Delete the extension, so that the common deadline holds again, and record this.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, extension.assignment.course)
    _record(
        actor, extension, before=extension.due_at, after=extension.assignment.due_at
    )
    extension.delete()
    _follow(actor, extension, "An extension was withdrawn.")


def _follow(actor: User, extension: Extension, reason: str) -> None:
    """Let marks follow the student's deadline."""
    announce_marks_change(actor=actor, assignment=extension.assignment, reason=reason)


def _record(
    actor: User, extension: Extension, *, before: dt.datetime, after: dt.datetime
) -> None:
    assignment = extension.assignment
    zone = assignment.course.tz
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.EXTENSION,
        summary=f"For {extension.student}, {assignment.title} is due on "
        f"{moment_words(after, zone)}.",
        before=moment_words(before, zone),
        after=moment_words(after, zone),
        is_public=is_released(assignment.release_at, timezone.now()),
        about=assignment,
        student=extension.student,
    )
