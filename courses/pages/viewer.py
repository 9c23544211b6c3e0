"""The viewer of a course: their rights in it, and since when things are new to them."""

import datetime as dt
from dataclasses import dataclass
from typing import cast

from django.shortcuts import get_object_or_404
from django_stubs_ext import WithAnnotations

from accounts.models import User
from courses import permissions
from courses.annotations import ViewedCourse
from courses.models import Course
from courses.services.reading_progress import new_since


@dataclass(frozen=True, kw_only=True)
class CourseViewer:
    """A person who looks at a course that they may see."""

    user: User
    course: Course
    is_staff: bool
    seen_at: dt.datetime | None
    since: dt.datetime | None


def viewer_of(user: User, slug: str, now: dt.datetime) -> CourseViewer:
    """Return the viewer of the course. One query.

    Raises Http404 if the course is not visible to them.
    """
    courses = Course.objects.visible_to(user).for_viewer(user)
    course = get_object_or_404(courses, slug=slug)
    row = cast("WithAnnotations[Course, ViewedCourse]", course)
    return CourseViewer(
        user=user,
        course=course,
        is_staff=permissions.can_view_all_work(user, course),
        seen_at=row.seen_at,
        since=new_since(row.seen_at, row.seen_before_at, now),
    )
