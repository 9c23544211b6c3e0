"""Rows of a course: those with a release time of their own, and those without."""

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

from courses.querysets.membership import STAFF, enrolled, released

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Lecture, Week
    from courses.pages.viewer import CourseViewer

RowT = TypeVar("RowT", bound=models.Model)


class ContentQuerySet(models.QuerySet[RowT]):
    """Rows of a course that students see from their release time on."""

    def visible_to(self, user: "User") -> Self:
        """Return rows of the person's courses; students see only released ones."""
        if user.is_superuser:
            return self
        is_released = released() & released("course__")
        return self.filter(
            enrolled(user, "course", role__in=STAFF)
            | (enrolled(user, "course") & is_released)
        )

    def shown_to(self, viewer: "CourseViewer") -> Self:
        """Return what `visible_to` does of the viewer's course, for pages of many rows.

        The viewer was loaded with their course and role, so no row needs a query for
        them.
        """
        rows = self.filter(course=viewer.course)
        return rows if viewer.is_staff else rows.filter(released())


class OwnedQuerySet(models.QuerySet[RowT]):
    """Rows for everybody who sees their course: rooms and hours, names, shares."""

    def visible_to(self, user: "User") -> Self:
        """Return the rows of the courses that the person sees."""
        if user.is_superuser:
            return self
        return self.filter(
            enrolled(user, "course", role__in=STAFF)
            | (enrolled(user, "course") & released("course__"))
        )


class WeekQuerySet(ContentQuerySet["Week"]):
    """Weeks of a course."""


class LectureQuerySet(OwnedQuerySet["Lecture"]):
    """Lectures of a course."""
