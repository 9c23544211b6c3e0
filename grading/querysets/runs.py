"""Querysets of runs: what each person may see, which count, and how one changes state.

Every time that decides something here is read from the database's clock, so workers
with wrong clocks cannot take each other's leases.
"""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import UUID

from django.conf import settings
from django.db import models, transaction
from django.db.models import (
    Case,
    Exists,
    ExpressionWrapper,
    F,
    OrderBy,
    OuterRef,
    Q,
    Subquery,
    Sum,
    Value,
    When,
    Window,
)
from django.db.models.functions import Coalesce, Now, RowNumber

from courses.models import AssignmentRevision, Question
from courses.permissions import own_or_in_staffed_courses, work_is_not_hidden
from courses.querysets.extra_time_columns import extra_time_of
from courses.work_lists import (
    in_order,
    own_or_staffed,
    staffed_keys,
)
from grading.states import EDGES, ENDED_WITHOUT_RESULT, TERMINAL, State

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Assignment
    from grading.models import GradingRun

# The code of a run that a person has cancelled.
CANCELLED: Final = "cancelled"
# How long a host leaves a run that it failed to other hosts.
LEAVE_SECONDS: Final = 60


def from_now(seconds: float) -> "models.ExpressionWrapper[models.Expression]":
    """Return the database's time in so many seconds, in the past if negative."""
    return models.ExpressionWrapper(
        Now() + dt.timedelta(seconds=seconds), output_field=models.DateTimeField()
    )


def lease_end() -> "models.ExpressionWrapper[models.Expression]":
    """Return when a lease that begins or is renewed now will expire."""
    return from_now(settings.LEASE_SECONDS)


def _is_due() -> Q:
    return Q(not_before__isnull=True) | Q(not_before__lte=Now())


def _not_just_woken() -> Q:
    stale = from_now(-settings.WAKE_AGAIN_SECONDS)
    return Q(woken_at__isnull=True) | Q(woken_at__lt=stale)


def _is_marked() -> Exists:
    """Match runs of attempts that people have marked."""
    from grading.models import Marking  # noqa: PLC0415  models import this module

    return Exists(
        Marking.objects.filter(
            submission=OuterRef("submission"), is_finished=True
        ).order_by()
    )


def _counting_first() -> list[OrderBy]:
    """Return the order of one student's runs in which the run that counts is first."""
    points = Case(
        When(
            submission__assignment__counting="best",
            then=Coalesce("automatic_points", Value(Decimal(0))),
        ),
        # As if the chosen attempt were worth a point and the others nothing.
        When(
            submission__assignment__counting="choice",
            submission__chosen__isnull=False,
            then=Value(Decimal(1)),
        ),
        default=Value(Decimal(0)),
    )
    return [points.desc(), F("submission__attempt").desc()]


class GradingRunQuerySet(models.QuerySet["GradingRun"]):
    def visible_to(self, user: "User") -> Self:
        """Return runs of the person's own work, and of all work in courses they staff.

        Trials belong to nobody, and self-checks to their student alone: both are left
        out. Students see a regrade's runs only once it is confirmed.
        """
        seen = own_or_in_staffed_courses(
            user, assignment="submission__assignment", owner="submission__author"
        )
        proposed = Q(regrade__isnull=False, regrade__confirmed_at__isnull=True)
        return (
            self.of_submissions()
            .filter(seen)
            .exclude(proposed & Q(submission__author=user))
        )

    def listed_for(self, user: "User") -> Self:
        """Return what `visible_to` does, the latest first, found by indexes.

        Three queries at most: for the revisions of the courses that the person staffs,
        and for the person's own runs, which are few.
        """
        by_them = self.model.objects.filter(submission__author=user)
        own = set(by_them.values_list("pk", flat=True))
        visible = by_them.visible_to(user).values_list("pk", flat=True)
        seen = set(visible) if own else set()
        rows = self.of_submissions().exclude(pk__in=own - seen)
        if user.is_superuser:
            known = work_is_not_hidden(user, assignment="submission__assignment")
            return rows.filter(known).order_by("-queued_at", "-pk")
        staffed = staffed_keys(
            user, AssignmentRevision.objects.all(), assignment="assignment"
        )
        found = own_or_staffed(rows, staffed, field="revision", own=Q(pk__in=seen))
        order = in_order("-queued_at", "-pk", is_sorted=staffed.is_few)
        return found.order_by(*order)

    def of_submissions(self) -> Self:
        """Return runs of submissions, without trials and self-checks."""
        return self.filter(submission__isnull=False)

    def without_self_checks(self) -> Self:
        """Return runs of submissions and trials.

        With OR, since databases would take the index of the self-checks for the many
        runs that have none.
        """
        return self.filter(Q(submission__isnull=False) | ~Q(trial=""))

    def of_assignment(self, assignment: "Assignment | int") -> Self:
        """Return runs of everybody's work for the assignment.

        They are found by their revisions: the way through the submissions is longer,
        and PostgreSQL then prefers to read the whole table.
        """
        return self.of_submissions().filter(revision__assignment=assignment)

    def that_may_count(self) -> Self:
        """Return runs of work that may count: without those of unconfirmed regrades."""
        return self.of_submissions().filter(
            Q(regrade__isnull=True) | Q(regrade__confirmed_at__isnull=False)
        )

    def that_count_now(self) -> Self:
        """Return runs that may count without those that finished under a freeze.

        Marks that are frozen follow from the others alone: see courses.frozen_marks.
        """
        return self.that_may_count().filter(is_after_freeze=False)

    def latest_of_attempts(self) -> Self:
        """Return the latest run of each attempt that may count, whatever its state."""
        later = self.model.objects.that_may_count().filter(
            submission=OuterRef("submission"), number__gt=OuterRef("number")
        )
        return self.that_may_count().filter(~Exists(later))

    def that_executed(self) -> Self:
        """Return runs that a worker has executed and that have ended, without copies."""
        return self.filter(
            copied_from__isnull=True,
            started_at__isnull=False,
            finished_at__isnull=False,
        )

    def one_per_attempt(self) -> Self:
        """Return the run that stands for each attempt: its latest finished run.

        An attempt that people have marked although none of its runs finished has its
        latest run that ended. Other attempts without a finished run have none.
        """
        others = self.model.objects.that_count_now().filter(
            submission=OuterRef("submission")
        )
        finished = others.filter(state=State.FINISHED)
        later = Q(number__gt=OuterRef("number"))
        return self.that_count_now().filter(
            Q(~Exists(finished.filter(later)), state=State.FINISHED)
            | Q(
                _is_marked(),
                ~Exists(finished),
                ~Exists(others.filter(later, state__in=ENDED_WITHOUT_RESULT)),
                state__in=ENDED_WITHOUT_RESULT,
            )
        )

    def that_stand_for_attempts(self) -> Self:
        """Return runs among which the first of each attempt stands for it.

        They are in this order: the latest attempt first, and of each attempt the
        finished runs first.
        """
        ended = Q(_is_marked(), state__in=ENDED_WITHOUT_RESULT)
        is_finished = Case(When(state=State.FINISHED, then=1), default=0)
        return (
            self.that_count_now()
            .filter(Q(state=State.FINISHED) | ended)
            .order_by("-submission__attempt", is_finished.desc(), "-number")
        )

    def with_extra_time(self) -> Self:
        """Annotate `extra_time`: the author's ExtraTime."""
        return self.annotate(
            extra_time=extra_time_of(
                OuterRef("submission__author"), assignment="submission__assignment"
            )
        )

    def with_lateness(self) -> Self:
        """Select and annotate what decides how late a run's attempt is.

        `extra_time` is the author's ExtraTime, `possible` are the points of
        the run's revision, and `is_chosen` says whether the author has chosen the
        attempt. The texts of the assignment and its course are left out.
        """
        questions = Question.objects.filter(revision=OuterRef("revision")).order_by()
        total = questions.values("revision").annotate(total=Sum("points"))
        return (
            self.select_related("submission__assignment__course")
            .defer(
                "submission__assignment__summary",
                "submission__assignment__course__summary",
            )
            .with_extra_time()
            .annotate(
                possible=Subquery(total.values("total")),
                is_chosen=ExpressionWrapper(
                    Q(submission__chosen__isnull=False), models.BooleanField()
                ),
            )
        )

    def counting(self) -> Self:
        """Return the run that counts for each student and assignment.

        The latest attempt with a finished run counts, or the best one, or the chosen
        one, as the assignment says now; of two equally good ones, the later. Late penalties are not
        known here: `grading.services.counting` compares the best attempts after them.
        """
        first = Window(
            RowNumber(),
            partition_by=["submission__assignment", "submission__author"],
            order_by=_counting_first(),
        )
        return (
            self.one_per_attempt().annotate(place_in_mark=first).filter(place_in_mark=1)
        )

    def queued(self) -> Self:
        """Return runs that a worker may take now, in the order in which they are taken.

        The order is by priority, then by turn: see grading.services.fair_turns. Runs
        that wait after a fault of ours are left out until their time has come.
        """
        return self.filter(_is_due(), state=State.QUEUED).order_by(
            "-priority", "turn", "queued_at", "pk"
        )

    def number_ahead_of(self, run: "GradingRun") -> int:
        """Return how many runs can be taken now, and are before this queued one.

        Each part of the sum is one range of the queue's index; databases do not take
        a condition with OR for that.
        """
        # This compares with the row's own time, not with the value read from it: SQLite
        # compares times as text, and its clock writes fewer digits than Django does.
        queued_at = Subquery(
            self.model.objects.filter(pk=run.pk).values("queued_at")[:1]
        )
        earlier = Q(queued_at__lt=queued_at) | Q(queued_at=queued_at, pk__lt=run.pk)
        line = self.filter(_is_due(), state=State.QUEUED, queue=run.queue)
        level = line.filter(priority=run.priority)
        parts = (
            line.filter(priority__gt=run.priority),
            level.filter(turn__lt=run.turn),
            level.filter(earlier, turn=run.turn),
        )
        first, *others = (part.order_by().values("pk") for part in parts)
        return first.union(*others, all=True).count()

    def left_to_host(self, host: str) -> Self:
        """Leave out runs that failed on this host and shall be tried on another one.

        They are left to other hosts for LEAVE_SECONDS from the time when they may be
        taken again.
        """
        return self.filter(
            ~Q(failed_hosts__contains=f"|{host}|")
            | Q(not_before__lt=from_now(-LEAVE_SECONDS))
            # A worker has given it back in order: it has waited already.
            | Q(not_before__isnull=True)
        )

    def held_with_token(self, *, run_id: UUID, lease_token: int) -> Self:
        """Return the run, if the holder of this token still has it."""
        return self.filter(pk=run_id, state=State.RUNNING, lease_token=lease_token)

    def renew_lease(
        self, *, run_id: UUID, lease_token: int, progress: dict[str, Any]
    ) -> bool:
        """Extend the holder's lease, store its progress; False if it lost the run."""
        held = self.held_with_token(run_id=run_id, lease_token=lease_token)
        return bool(held.update(lease_expires_at=lease_end(), progress=progress))

    def request_cancel(self, *, run_id: UUID) -> bool:
        """Ask the worker of a running run to stop it; False if it is not running."""
        running = self.filter(pk=run_id, state=State.RUNNING)
        return bool(running.update(cancel_requested_at=Now()))

    def with_expired_lease(self) -> Self:
        """Return running runs whose worker has sent no heartbeat for a whole lease."""
        expired = self.filter(state=State.RUNNING, lease_expires_at__lt=Now())
        # SQLite would look through all runs by the time of the model's order.
        return expired.order_by()

    def not_woken(self) -> Self:
        """Return queued runs for which no recent wake-up was sent, in queue order."""
        return self.queued().filter(
            _not_just_woken(), queued_at__lt=from_now(-settings.WAKE_AGAIN_SECONDS)
        )

    def note_wake_up(self, run: "GradingRun") -> bool:
        """Record that a wake-up is sent; False if another sender was first."""
        due = self.filter(_not_just_woken(), pk=run.pk)
        return bool(due.update(woken_at=Now()))

    def transition(
        self,
        *,
        run_id: UUID,
        source: State,
        target: State,
        lease_token: int | None = None,
        next_token: int | None = None,
        condition: Q | None = None,
        actor: "User | None" = None,
        event_code: str = "",
        event_detail: Any = None,
        **fields: Any,
    ) -> bool:
        """Move one run along an allowed edge, set `fields`, and write its event row.

        Return False if another process was faster: the run is no longer in `source`,
        the lease token is no longer the caller's, or `condition` no longer holds. A
        claim passes its new token as `next_token`. Raises ValueError on a forbidden
        edge.
        """
        from grading.models import RunEvent  # noqa: PLC0415  models import this module

        if (source, target) not in EDGES:
            raise ValueError(f"A run may not go from {source} to {target}.")
        held = {} if lease_token is None else {"lease_token": lease_token}
        if next_token is not None:
            fields["lease_token"] = next_token
        if target != State.RUNNING:
            fields.setdefault("lease_expires_at", None)
        if target in TERMINAL:
            fields.setdefault("finished_at", Now())
        with transaction.atomic():
            changed = self.filter(
                condition or Q(), pk=run_id, state=source, **held
            ).update(state=target, **fields)
            if changed:
                RunEvent.objects.create(
                    run_id=run_id,
                    at=Now(),
                    source=source,
                    target=target,
                    lease_token=next_token or lease_token or 0,
                    actor=actor,
                    code=event_code[:40],
                    detail=event_detail or {},
                )
        return bool(changed)
