"""Services that give, change and withdraw a student's accommodation in a course."""

from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Accommodation, Course, CourseChange
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.field_refusals import FieldsRefusedError
from courses.services.settings_changes import announce_course_marks_change

_NO_EXTRA_TIME = "no extra time"


class AccommodationRefusedError(FieldsRefusedError):
    """The accommodation was refused, and nothing was stored."""


@transaction.atomic
def set_accommodation(
    *, actor: User, course: Course, student: User, hours: int, percent: int, reason: str
) -> Accommodation:
    """Give the student this extra time in the course, in place of any other.

    Either `hours` or `percent` is 0. Raises AccommodationRefusedError, and
    PermissionDenied if the actor may not edit the course.
    """
    row = built_accommodation(
        actor=actor,
        course=course,
        student=student,
        hours=hours,
        percent=percent,
        reason=reason,
    )
    save_accommodation(actor=actor, accommodation=row)
    return row


def built_accommodation(
    *, actor: User, course: Course, student: User, hours: int, percent: int, reason: str
) -> Accommodation:
    """Return the row that `set_accommodation` would store, and refuse what it would."""
    require_right(actor, Right.MANAGE_PEOPLE, course)
    rows = Accommodation.objects.filter(course=course, student=student)
    row = rows.first() or Accommodation(course=course, student=student)
    row.hours, row.percent, row.reason = hours, percent, reason
    row.granted_by = actor
    try:
        row.full_clean()
    except ValidationError as error:
        raise AccommodationRefusedError.of(error) from error
    return row


@transaction.atomic
def save_accommodation(*, actor: User, accommodation: Accommodation) -> None:
    """Store the accommodation, record the change, and let all marks follow.

    The student reads the change, without the reason. Raises PermissionDenied if the
    actor may not edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, accommodation.course)
    rows = Accommodation.objects.select_for_update()
    stored = rows.filter(pk=accommodation.pk).first()
    accommodation.save()
    before = stored.words if stored else _NO_EXTRA_TIME
    if before != accommodation.words:
        _record(actor, accommodation, before=before, after=accommodation.words)
        announce_course_marks_change(
            actor=actor,
            course=accommodation.course,
            reason="An accommodation was granted.",
        )


def withdraw_accommodation(*, actor: User, accommodation: Accommodation) -> None:
    """Delete the accommodation, record this, and let all marks follow.

    Raises PermissionDenied if the actor may not edit the course.
    """
    withdraw_accommodations(actor=actor, accommodations=[accommodation])


@transaction.atomic
def withdraw_accommodations(
    *, actor: User, accommodations: Iterable[Accommodation]
) -> None:
    """Delete the accommodations, and record each. Marks follow once for each course.

    Raises PermissionDenied if the actor may not edit one of the courses.
    """
    courses = {}
    for accommodation in accommodations:
        require_right(actor, Right.MANAGE_PEOPLE, accommodation.course)
        _record(actor, accommodation, before=accommodation.words, after=_NO_EXTRA_TIME)
        accommodation.delete()
        courses[accommodation.course_id] = accommodation.course
    for course in courses.values():
        announce_course_marks_change(
            actor=actor, course=course, reason="An accommodation was withdrawn."
        )


def _record(
    actor: User, accommodation: Accommodation, *, before: str, after: str
) -> None:
    course = accommodation.course
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.EXTENSION,
        summary=f"For {accommodation.student}: {after} for every deadline.",
        before=before,
        after=after,
        is_public=is_released(course.release_at, timezone.now()),
        student=accommodation.student,
    )
