"""Services that change a course's title, codes, summary and release."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.actors import Actor
from courses.models import Course, CourseChange
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.creating import CourseRefusedError
from courses.wall_clock import moment_words

_FIELDS = ("title", "module_codes", "summary", "release_at", "examiners_see_codes")
_HIDDEN = "hidden"


@dataclass(frozen=True, kw_only=True)
class CourseSettings:
    """What lecturers change on the course's settings page."""

    title: str
    module_codes: Sequence[str]
    summary: str
    release_at: dt.datetime | None
    examiners_see_codes: bool = False


@transaction.atomic
def save_course_settings(
    *, actor: Actor, course: Course, settings: CourseSettings
) -> None:
    """Store the settings, and record a change of the release time.

    Raises CourseRefusedError with what to do for each field, and PermissionDenied if
    the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, course)
    stored = Course.objects.select_for_update().get(pk=course.pk)
    before = stored.release_at
    for name in _FIELDS:
        value = getattr(settings, name)
        setattr(stored, name, list(value) if name == "module_codes" else value)
    others = {field.name for field in Course._meta.fields} - set(_FIELDS)  # noqa: SLF001  documented
    try:
        stored.clean_fields(exclude=others)
    except ValidationError as error:
        raise CourseRefusedError.of(error) from error
    stored.save(update_fields=_FIELDS)
    record_course_release(actor=actor, course=stored, before=before)


def record_course_release(
    *, actor: Actor, course: Course, before: dt.datetime | None
) -> None:
    """Record a change of the time from which students see the course."""
    if before == course.release_at:
        return
    after = moment_words(course.release_at, course.tz)
    if course.release_at is None:
        after = _HIDDEN
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.CONTENT,
        summary="The course is hidden from students."
        if course.release_at is None
        else f"Students see the course from {after} on.",
        before=_HIDDEN if before is None else moment_words(before, course.tz),
        after=after,
    )
