"""Copying a course for the next academic year."""

import datetime as dt
from typing import Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor, actor_user
from courses.models import Course, CourseChange, Enrolment
from courses.permissions import Right
from courses.row_copies import unsaved_copy
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.copied_content import ContentCopy
from courses.services.copied_coursework import copy_coursework
from courses.services.creating import (
    CourseRefusedError,
    check_course,
    check_monday,
)
from formats.choices import Role

_MOST_YEARS: Final = 20


@transaction.atomic
def copy_course(
    *,
    actor: Actor,
    course: Course,
    academic_year: str,
    slug: str,
    first_week_on: dt.date,
) -> Course:
    """Create a hidden course with this one's content, its dates later by whole weeks.

    Every time of day stays the same. Copied are the weeks, people on the timetable,
    standing hours, lectures, sessions, materials and coursework, and the lecturers; the
    actor becomes a lecturer too. Stored files are shared. Not copied are assistants,
    students, extensions, announcements, changes, and that a session was cancelled or
    moved. Nothing is published: the copy of an assignment has one unpublished revision.
    Raises CourseRefusedError, or PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, course)
    days = _days_between(course, first_week_on)
    copied = unsaved_copy(
        course, academic_year=academic_year, slug=slug, release_at=None
    )
    check_course(copied, fields=("slug", "academic_year"))
    copied.save(force_insert=True)
    content = ContentCopy(source=course, target=copied, days=days)
    content.copy()
    copy_coursework(actor=actor, content=content)
    _enrol_staff(actor, course, copied)
    record_change(
        actor=actor,
        course=copied,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The course was made from {course.slug}.",
    )
    return copied


def _days_between(course: Course, first_week_on: dt.date) -> int:
    first = course.weeks.order_by("number").first()
    if first is None:
        raise CourseRefusedError(
            {"first_week_on": "This course has no weeks. Add them before copying it."}
        )
    check_monday(first_week_on)
    monday = first.starts_on - dt.timedelta(days=first.starts_on.weekday())
    if abs(first_week_on.year - monday.year) > _MOST_YEARS:
        raise CourseRefusedError(
            {
                "first_week_on": (
                    f"That is more than {_MOST_YEARS} years from this course's first "
                    "week. Give a nearer Monday."
                )
            }
        )
    return (first_week_on - monday).days


def _enrol_staff(actor: Actor, course: Course, copied: Course) -> None:
    """Enrol the active lecturers of the course, and the actor, as the copy's lecturers.

    Assistants change from year to year, and are added by the roster.
    """
    now = timezone.now()
    staff = course.enrolments.active().filter(role=Role.LECTURER)
    roles = {row.user_id: row.role for row in staff}
    person = actor_user(actor)
    if person is not None:
        roles[person.pk] = Role.LECTURER
    Enrolment.objects.bulk_create(
        Enrolment(course=copied, user_id=user, role=role, enrolled_at=now)
        for user, role in roles.items()
    )
