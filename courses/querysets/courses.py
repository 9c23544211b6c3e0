"""Courses that a person sees, works in or edits."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import OuterRef, Subquery, Value

from courses.querysets.membership import (
    EDITORS,
    PEOPLE_MANAGERS,
    STAFF,
    enrolled,
    reads_all_work,
    released,
)

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Course


class CourseQuerySet(models.QuerySet["Course"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's courses; students see those that are released."""
        if user.is_superuser:
            return self
        return self.filter(
            enrolled(user, "pk", role__in=STAFF) | (enrolled(user, "pk") & released())
        )

    def for_viewer(self, user: "User") -> Self:
        """Annotate what pages ask for: the viewer's role and visits, and `frozen_for`.

        That is the board for which the marks are frozen, or None.
        """
        from courses.models import (  # noqa: PLC0415  models import this module
            CourseVisit,
            Enrolment,
            MarkFreeze,
        )

        role = Enrolment.objects.active().filter(course=OuterRef("pk"), user=user)
        visit = CourseVisit.objects.filter(course=OuterRef("pk"), user=user)
        freeze = MarkFreeze.objects.current().filter(course=OuterRef("pk"))
        return self.annotate(
            frozen_for=Subquery(freeze.values("board")[:1]),
            viewer_id=Value(user.pk),
            viewer_role=Subquery(role.values("role")[:1]),
            seen_at=Subquery(visit.values("seen_at")[:1]),
            seen_before_at=Subquery(visit.values("previous_at")[:1]),
        )

    def staffed_by(self, user: "User") -> Self:
        """Return the courses in which the person may see everybody's work."""
        return self if user.is_superuser else self.filter(reads_all_work(user, "pk"))

    def editable_by(self, user: "User") -> Self:
        """Return the courses whose content the person may edit."""
        return (
            self
            if user.is_superuser
            else self.filter(enrolled(user, "pk", role__in=EDITORS))
        )

    def people_managed_by(self, user: "User") -> Self:
        """Return the courses whose people the person manages."""
        return (
            self
            if user.is_superuser
            else self.filter(enrolled(user, "pk", role__in=PEOPLE_MANAGERS))
        )
