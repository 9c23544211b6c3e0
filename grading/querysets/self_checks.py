"""Querysets of self-checks: what each person may see, and which cost a check."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

from courses.permissions import own_in_visible_courses
from grading.querysets.runs import CANCELLED
from grading.states import State

if TYPE_CHECKING:
    from accounts.models import User
    from grading.models import SelfCheck


class SelfCheckQuerySet(models.QuerySet["SelfCheck"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own self-checks in courses that they see.

        Nobody else sees one, staff included.
        """
        return self.filter(
            own_in_visible_courses(user, course="assignment__course", owner="author")
        )

    def charged(self) -> Self:
        """Return those that cost their student a check.

        One that ended without a result through our fault costs nothing.
        """
        return self.filter(~Q(run__state=State.CANCELLED) | Q(run__code=CANCELLED))
