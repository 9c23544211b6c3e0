"""Querysets of regrade requests: what each person may see."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q

from courses.permissions import in_staffed_courses, own_in_visible_courses
from courses.querysets import OVERSEERS
from courses.querysets.membership import reads_all_work
from grading.querysets.hidden_markings import markings_hidden_from
from grading.querysets.released import released_to

if TYPE_CHECKING:
    from accounts.models import User
    from grading.models import RegradeRequest

_COURSE = "submission__assignment__course"


class RegradeRequestQuerySet(models.QuerySet["RegradeRequest"]):
    """Regrade requests."""

    def visible_to(self, user: "User") -> Self:
        """Return the person's own requests, and those that they may answer.

        Who oversees a course sees all its requests. Other staff see those about work that
        they may mark, as `grading.services.marker_scope.MarkerScope` says.

        SECURITY: a student sees none while the marks are not released to them. An answer
        tells points. So a second marker sees none about an answer whose first marking
        they must not know.
        """
        from grading.models import MarkerAllocation  # noqa: PLC0415  models import this

        hidden = markings_hidden_from(user).filter(
            rubric__assignment=OuterRef("submission__assignment"),
            rubric__key=OuterRef("key"),
            student=OuterRef("submission__author"),
        )
        known = self.exclude(Exists(hidden))
        if user.is_superuser:
            return known
        given = MarkerAllocation.objects.filter(
            Q(key="") | Q(key=OuterRef("key")),
            Q(student=None) | Q(student=OuterRef("submission__author")),
            assignment=OuterRef("submission__assignment"),
            marker=user,
            stage="first",
        ).order_by()
        marks = Q(submission__assignment__markers_see_own_only=False) | Exists(given)
        own = own_in_visible_courses(user, course=_COURSE, owner="submission__author")
        is_released = released_to(user, assignment="submission__assignment")
        return known.filter(
            reads_all_work(user, _COURSE, OVERSEERS)
            | (in_staffed_courses(user, course=_COURSE) & marks)
            | (own & is_released)
        )

    def of_assignment(self, assignment: int) -> Self:
        """Return the requests about work for this assignment."""
        return self.filter(submission__assignment=assignment)

    def open(self) -> Self:
        """Return the requests that nobody has answered or withdrawn."""
        return self.filter(state="open")
