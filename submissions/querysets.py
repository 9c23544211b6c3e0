"""The querysets of submissions and opened attempts: who sees which, and lateness."""

import datetime as dt
from typing import TYPE_CHECKING, Final, Self

from django.db import models
from django.db.models import (
    Case,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Greatest, TruncSecond

from courses.models import Extension
from courses.permissions import own_or_in_staffed_courses
from courses.work_lists import in_order, listed_by_assignment

if TYPE_CHECKING:
    from accounts.models import User
    from submissions.models import OpenedAttempt, Submission

_MINUTE: Final = Value(dt.timedelta(minutes=1), models.DurationField())


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own work, and all work of courses that they staff."""
        return self.filter(
            own_or_in_staffed_courses(user, course="assignment__course", owner="author")
        )

    def listed_for(self, user: "User") -> Self:
        """Return what `visible_to` does, the latest first, found by indexes. One query."""
        found, is_sorted = listed_by_assignment(self, user, owner="author")
        return found.order_by(*in_order("-received_at", "-pk", is_sorted=is_sorted))

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
        due = Greatest("assignment__due_at", own)
        minutes = Cast("assignment__grace_minutes", models.IntegerField())
        grace = ExpressionWrapper(minutes * _MINUTE, models.DurationField())
        with_grace = ExpressionWrapper(due + grace, models.DateTimeField())
        rows = self.alias(
            # SQLite calls Python to add a duration, so nothing is added in vain.
            late_after=Case(
                When(assignment__grace_minutes=0, then=due), default=with_grace
            ),
            received_second=TruncSecond("received_at", tzinfo=dt.UTC),
        )
        # The time is cut to its second only where that may decide: SQLite calls Python
        # for it.
        if is_late:
            return rows.filter(
                received_at__gt=F("late_after"), received_second__gt=F("late_after")
            )
        return rows.filter(
            Q(received_at__lte=F("late_after"))
            | Q(received_second__lte=F("late_after"))
        )


def _extended_to() -> Subquery:
    own = Extension.objects.filter(
        assignment=OuterRef("assignment"), student=OuterRef("author")
    )
    return Subquery(own.values("due_at")[:1])


class OpenedAttemptQuerySet(models.QuerySet["OpenedAttempt"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own attempts, and all of courses that they staff."""
        return self.filter(
            own_or_in_staffed_courses(user, course="assignment__course", owner="author")
        )

    def listed_for(self, user: "User") -> Self:
        """Return what `visible_to` does, the latest first, found by indexes. One query."""
        found, is_sorted = listed_by_assignment(self, user, owner="author")
        return found.order_by(*in_order("-opened_at", "-pk", is_sorted=is_sorted))

    def by(self, user: "User") -> Self:
        """Return the attempts that this person has opened."""
        return self.filter(author=user)

    def unfinished(self) -> Self:
        """Return the attempts that have not become submissions."""
        return self.filter(submission=None)
