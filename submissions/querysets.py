"""The queryset of submissions: who sees which, attempts and lateness."""

import datetime as dt
from typing import TYPE_CHECKING, Final, Self

from django.db import models
from django.db.models import ExpressionWrapper, F, OuterRef, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Greatest, TruncSecond

from courses.models import Extension
from courses.permissions import own_or_in_staffed_courses

if TYPE_CHECKING:
    from accounts.models import User
    from submissions.models import Submission

_MINUTE: Final = Value(dt.timedelta(minutes=1), models.DurationField())


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own work, and all work of courses that they staff."""
        return self.filter(
            own_or_in_staffed_courses(user, course="assignment__course", owner="author")
        )

    def by(self, user: "User") -> Self:
        """Return the submissions by this person."""
        return self.filter(author=user)

    def using_attempts(self) -> Self:
        """Return the submissions that use up one of the author's attempts."""
        return self.filter(uses_attempt=True)

    def newest_first(self) -> Self:
        """Order by attempt, the latest first."""
        return self.order_by("-attempt")

    def with_extension(self) -> Self:
        """Annotate `extended_to`: the author's extended deadline, or None.

        `Submission.is_late` reads it, so that a list does not make a query for each
        extension. The assignment must be selected with the row, too.
        """
        return self.annotate(extended_to=_extended_to())

    def late(self, *, is_late: bool = True) -> Self:
        """Return work that is late by the current deadlines, or work that is not.

        This is the rule of `courses.deadlines` in SQL, for filters of lists.
        """
        own = Coalesce(_extended_to(), "assignment__due_at")
        minutes = Cast("assignment__grace_minutes", models.IntegerField())
        grace = ExpressionWrapper(minutes * _MINUTE, models.DurationField())
        rows = self.alias(
            late_after=ExpressionWrapper(
                Greatest("assignment__due_at", own) + grace, models.DateTimeField()
            ),
            received_second=TruncSecond("received_at", tzinfo=dt.UTC),
        )
        if is_late:
            return rows.filter(received_second__gt=F("late_after"))
        return rows.filter(received_second__lte=F("late_after"))


def _extended_to() -> Subquery:
    own = Extension.objects.filter(
        assignment=OuterRef("assignment"), student=OuterRef("author")
    )
    return Subquery(own.values("due_at")[:1])
