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
    Value,
    When,
)
from django.db.models.functions import Cast, TruncSecond

from courses.permissions import own_or_in_staffed_courses
from courses.querysets.extra_time_columns import extra_time_of, own_due_of
from courses.work_lists import in_order, listed_by_assignment

if TYPE_CHECKING:
    from accounts.models import User
    from submissions.models import OpenedAttempt, Submission, SubmittedFile

_MINUTE: Final = Value(dt.timedelta(minutes=1), models.DurationField())


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own work, and all work of courses that they staff."""
        return self.filter(
            own_or_in_staffed_courses(user, assignment="assignment", owner="author")
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

    def that_may_cost_late_days(self) -> Self:
        """Return what uses up an attempt, and what staff handed in beside the others."""
        return self.filter(Q(uses_attempt=True) | Q(on_behalf__uses_attempt=False))

    def newest_first(self) -> Self:
        """Order by attempt, the latest first."""
        return self.order_by("-attempt")

    def with_extra_time(self) -> Self:
        """Annotate `extra_time`: the author's ExtraTime.

        `Submission.is_late` reads it, so that a list does not make a query for each
        row. The assignment must be selected with the row, too.
        """
        return self.annotate(
            extra_time=extra_time_of(OuterRef("author"), assignment="assignment")
        )

    def late(self, *, is_late: bool = True) -> Self:
        """Return work that is late by the current deadlines, or work that is not.

        This is the rule of `courses.deadlines` in SQL, for filters of lists.
        """
        due = own_due_of(OuterRef("author"), assignment="assignment")
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


class SubmittedFileQuerySet(models.QuerySet["SubmittedFile"]):
    def kept(self) -> Self:
        """Return the files whose content has not been removed."""
        return self.filter(removed_at=None)


class OpenedAttemptQuerySet(models.QuerySet["OpenedAttempt"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own attempts, and all of courses that they staff."""
        return self.filter(
            own_or_in_staffed_courses(user, assignment="assignment", owner="author")
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
