"""Extensions, requests for them, and accommodations: their student's and those of who manages people.

SECURITY: why somebody needs more time is private. Assistants and external examiners do not see
these rows.
"""

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models
from django.db.models import Exists, OuterRef, Q

from courses.querysets.membership import PEOPLE_MANAGERS, enrolled

if TYPE_CHECKING:
    from accounts.models import User

RowT = TypeVar("RowT", bound=models.Model)


class OfAssignmentQuerySet(models.QuerySet[RowT]):
    """Rows of one student and one assignment."""

    def visible_to(self, user: "User") -> Self:
        """Return the person's own rows, and all rows of courses whose people they manage.

        A student does not see a row of an assignment that is hidden from them.
        """
        from courses.models import Assignment  # noqa: PLC0415  models import this module

        if user.is_superuser:
            return self
        seen = Assignment.objects.visible_to(user).filter(pk=OuterRef("assignment"))
        return self.filter(
            enrolled(user, "assignment__course", role__in=PEOPLE_MANAGERS)
            | (Q(student=user) & Exists(seen))
        )


class ExtensionRequestQuerySet(OfAssignmentQuerySet[RowT]):
    """Requests for extensions."""

    def open(self) -> Self:
        """Return the requests that nobody has answered or withdrawn."""
        return self.filter(state="open")


class AccommodationQuerySet(models.QuerySet[RowT]):
    """Accommodations in a course."""

    def visible_to(self, user: "User") -> Self:
        """Return the person's own rows, and all rows of courses whose people they manage."""
        from courses.models import Course  # noqa: PLC0415  models import this module

        if user.is_superuser:
            return self
        seen = Course.objects.visible_to(user).filter(pk=OuterRef("course"))
        return self.filter(
            enrolled(user, "course", role__in=PEOPLE_MANAGERS)
            | (Q(student=user) & Exists(seen))
        )
