"""Enrolments by role, and people who have never signed in."""

from typing import TYPE_CHECKING, Final, Self

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import models

from courses.querysets.membership import EDITORS, MARKERS, STAFF

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Enrolment


NOT_SIGNED_IN: Final = models.Q(
    is_active=True,
    user__is_active=True,
    user__last_login=None,
    user__password__startswith=UNUSABLE_PASSWORD_PREFIX,
)


class EnrolmentQuerySet(models.QuerySet["Enrolment"]):
    def active(self) -> Self:
        """Return the enrolments of people who have not left."""
        return self.filter(is_active=True)

    def not_signed_in(self) -> Self:
        """Return active people who have never signed in and have no password."""
        return self.filter(NOT_SIGNED_IN)

    def in_courses_visible_to(self, user: "User") -> Self:
        """Return the enrolments in courses that the person sees."""
        from courses.models import Course  # noqa: PLC0415  models import this module

        return self.filter(course__in=Course.objects.visible_to(user))

    def staff(self) -> Self:
        """Return those who see everybody's marks in their course."""
        return self.active().filter(role__in=STAFF)

    def markers(self) -> Self:
        """Return those who may mark in their course: assistants and lecturers."""
        return self.active().filter(role__in=MARKERS)

    def editors(self) -> Self:
        """Return those who edit their course and release its marks."""
        return self.active().filter(role__in=EDITORS)

    def students(self) -> Self:
        """Return the active students."""
        return self.active().filter(role="student")
