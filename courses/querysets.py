"""What each person sees of courses. Every lookup starts at `visible_to`."""

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Assignment, Course, Enrolment, Material, Week

RowT = TypeVar("RowT", bound=models.Model)

# Kept beside the table in courses.permissions by tests/courses/test_visibility.py:
# these are the roles with Right.VIEW_ALL_WORK.
STAFF = ("assistant", "lecturer")
# And these the roles with Right.EDIT.
EDITORS = ("lecturer",)


def _enrolled(user: "User", outer: str, **conditions: object) -> Exists:
    """An active enrolment of the person in the row's course."""
    from courses.models import Enrolment  # noqa: PLC0415  models import this module

    return Exists(
        Enrolment.objects.filter(
            course=OuterRef(outer), user=user, is_active=True, **conditions
        )
    )


def _released() -> Q:
    return Q(release_at__lte=timezone.now())


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, user: "User") -> Self:
        """Courses the person is in; students see them once released."""
        if user.is_superuser:
            return self
        return self.filter(
            _enrolled(user, "pk", role__in=STAFF)
            | (_enrolled(user, "pk") & _released())
        )

    def staffed_by(self, user: "User") -> Self:
        """Courses whose work the person may see."""
        return (
            self
            if user.is_superuser
            else self.filter(_enrolled(user, "pk", role__in=STAFF))
        )

    def editable_by(self, user: "User") -> Self:
        """Courses whose content the person may edit."""
        return (
            self
            if user.is_superuser
            else self.filter(_enrolled(user, "pk", role__in=EDITORS))
        )


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def active(self) -> Self:
        """People who have not left."""
        return self.filter(is_active=True)

    def in_courses_visible_to(self, user: "User") -> Self:
        """Those in courses that the person sees."""
        from courses.models import Course  # noqa: PLC0415  models import this module

        return self.filter(course__in=Course.objects.visible_to(user))

    def students(self) -> Self:
        """Those who hand work in."""
        return self.active().filter(role="student")


class ContentQuerySet(models.QuerySet[RowT]):
    """Rows of a course that students see from their release time on."""

    def visible_to(self, user: "User") -> Self:
        """Rows of the person's courses; for students, released ones of released courses."""
        if user.is_superuser:
            return self
        released = _released() & Q(course__release_at__lte=timezone.now())
        return self.filter(
            _enrolled(user, "course", role__in=STAFF)
            | (_enrolled(user, "course") & released)
        )


class WeekQuerySet(ContentQuerySet["Week"]):
    """Weeks of a course."""


class MaterialQuerySet(ContentQuerySet["Material"]):
    """Materials of a course."""


class AssignmentQuerySet(ContentQuerySet["Assignment"]):
    """Assignments of a course."""
