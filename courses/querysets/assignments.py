"""Assignments with the deadline and the attempts of one person."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Exists, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from courses.querysets.content import ContentQuerySet

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Assignment


class AssignmentQuerySet(ContentQuerySet["Assignment"]):
    """Assignments of a course."""

    def with_extension_of(self, user: "User") -> Self:
        """Annotate `extended_to`: the person's own deadline, or None."""
        from courses.models import Extension  # noqa: PLC0415  models import this module

        own = Extension.objects.filter(assignment=OuterRef("pk"), student=user)
        return self.annotate(extended_to=Subquery(own.values("due_at")[:1]))

    def with_attempts_of(self, user: "User") -> Self:
        """Annotate `attempts_used` and `has_handed_in` for the person.

        An attempt that waits for staff because of a fault of the portal is not used up.
        """
        counted = (
            self.model.objects.filter(
                pk=OuterRef("pk"),
                submissions__author=user,
                submissions__uses_attempt=True,
            )
            .order_by()
            .annotate(used=models.Count("submissions"))
        )
        handed_in = self.model.objects.filter(
            pk=OuterRef("pk"), submissions__author=user
        )
        return self.annotate(
            attempts_used=Coalesce(Subquery(counted.values("used")), Value(0)),
            has_handed_in=Exists(handed_in.order_by()),
        )
