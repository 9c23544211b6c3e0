"""Who may edit which rows in the admin, by the table of rights in courses.permissions.

Site staff edit everything. A lecturer whose account may enter the admin sees and edits
only the courses in which they are lecturer, and forms offer only those. Django's own
model permissions are not checked.
"""

from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest

from accounts.models import User
from courses.models import (
    Accommodation,
    Announcement,
    Assignment,
    AssignmentRevision,
    Attachment,
    Component,
    Course,
    CourseChange,
    Enrolment,
    Extension,
    ExtensionRequest,
    Lecture,
    Material,
    Session,
    SessionLecture,
    Slot,
    Teacher,
    Week,
)

# The lookup from a row of each model to its course.
COURSE_OF: Final[dict[type[models.Model], str]] = {
    Course: "pk",
    Enrolment: "course",
    Week: "course",
    Teacher: "course",
    Slot: "course",
    Lecture: "course",
    Session: "course",
    SessionLecture: "session__course",
    Material: "course",
    Attachment: "material__course",
    Component: "course",
    Announcement: "course",
    CourseChange: "course",
    Assignment: "course",
    AssignmentRevision: "assignment__course",
    Extension: "assignment__course",
    ExtensionRequest: "assignment__course",
    Accommodation: "course",
}


def editable_rows(model: type[models.Model], user: User) -> models.QuerySet[Any]:
    """Return the rows of the courses that the person may edit."""
    rows = model._default_manager.all()  # noqa: SLF001  Django's documented name
    if user.is_superuser:
        return rows
    courses = Course.objects.editable_by(user)
    return rows.filter(**{f"{COURSE_OF[model]}__in": courses})


def user_of(request: HttpRequest) -> User | None:
    """Return the person who sent the request, or None if nobody is signed in."""
    return request.user if isinstance(request.user, User) else None


def signed_in_user(request: HttpRequest) -> User:
    """Return the person who sent the request, or raise PermissionDenied."""
    user = user_of(request)
    if user is None:
        raise PermissionDenied
    return user


def people_taught_by(user: User) -> models.QuerySet[User]:
    """Return the people of the courses that the person edits.

    SECURITY: without this limit, a form would show names and addresses of all people.
    """
    courses = Course.objects.editable_by(user)
    return User.objects.filter(enrolments__course__in=courses).distinct()


def edits_any_course(request: HttpRequest) -> bool:
    """Return whether the person edits any course; one query at most in a request."""
    user = user_of(request)
    if user is None or not (user.is_active and user.is_staff):
        return False
    if user.is_superuser:
        return True
    return bool(edited_courses(request, user))


def edited_courses(request: HttpRequest, user: User) -> list[Course]:
    """Return the courses that a lecturer edits; one query at most in a request."""
    if not hasattr(request, "_edited_courses"):
        known = list(Course.objects.editable_by(user))
        request._edited_courses = known  # type: ignore[attr-defined]  # noqa: SLF001
    courses: list[Course] = request._edited_courses  # type: ignore[attr-defined]  # noqa: SLF001
    return courses


def zones_of_edited_courses(request: HttpRequest) -> set[str]:
    """Return the time zones of all courses that the person edits."""
    user = user_of(request)
    if user is None:
        return set()
    if not user.is_superuser:
        return {course.time_zone for course in edited_courses(request, user)}
    names = Course.objects.order_by().values_list("time_zone", flat=True)
    return set(names.distinct())
