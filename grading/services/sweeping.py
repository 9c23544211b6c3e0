"""End the tries of workers that are gone, so that every run ends. No broker is needed.

Two sweepers at the same time do no harm, because each step is one conditional write.
"""

import datetime as dt
import time
from dataclasses import dataclass
from typing import Any, Final

import structlog
from django.db import connection
from django.db.models import Count, F, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from courses.models import Question
from grading.models import GradingRun
from grading.querysets import GradingRunQuerySet
from grading.services.leases import end_try
from grading.services.queue_health import ALERT_QUEUED_SECONDS, waiting_runs
from grading.states import State
from grading.wake_up import send_wake_ups

log = structlog.get_logger(__name__)

_QUEUES: Final = ("cpu", "gpu")
# A woken worker takes more than one run, so a rush need not fill the broker with as
# many messages as there are rows. This is the most for each queue.
MOST_WAKE_UPS: Final = 16
# A run that exceeds its own limit by more than this is reported.
ALERT_OVERRUN_SECONDS: Final = 180
# A question may use its seconds twice: the second time for snapshots that are made
# again.
_QUESTION_TIMES: Final = 2


_STARTED: Final = time.monotonic()


@dataclass(frozen=True, kw_only=True)
class SweepReport:
    """What a sweep did and saw."""

    woken: int = 0
    expired: int = 0
    overdue: int = 0
    oldest_queued_seconds: float = 0.0


def sweep() -> SweepReport:
    """Take runs from workers that are gone, wake workers again, and report old runs."""
    expired = _expire_leases()
    woken = send_wake_ups([run for queue in _QUEUES for run in _not_woken(queue)])
    report = SweepReport(
        woken=woken,
        expired=expired,
        overdue=_overdue(),
        oldest_queued_seconds=_oldest_queued_seconds(),
    )
    is_old = (
        report.oldest_queued_seconds > ALERT_QUEUED_SECONDS
        and _has_had_time()
        and any(
            waiting.longest.total_seconds() > ALERT_QUEUED_SECONDS
            for waiting in waiting_runs(is_live=True).values()
        )
    )
    if report.overdue or is_old:
        log.error(
            "queue_stuck",
            overdue=report.overdue,
            oldest_queued_seconds=round(report.oldest_queued_seconds),
        )
    return report


def _has_had_time() -> bool:
    """Return whether this process has run for long enough to empty the queue.

    After a restore or a pause of the portal, old runs wait at first.
    """
    return time.monotonic() - _STARTED > ALERT_QUEUED_SECONDS


def _not_woken(queue: str) -> GradingRunQuerySet:
    """Return the first runs of the queue for which no recent wake-up was sent."""
    return GradingRun.objects.not_woken().filter(queue=queue)[:MOST_WAKE_UPS]


def _expire_leases() -> int:
    """End the try of every worker that has sent no heartbeat for a whole lease."""
    gone = GradingRun.objects.with_expired_lease().values_list("pk", "lease_token")
    return sum(
        end_try(
            run_id=run_id,
            lease_token=token,
            code="lease_expired",
            # A heartbeat may arrive between the query and this write.
            condition=Q(lease_expires_at__lt=Now()),
        )
        for run_id, token in gone
    )


def _overdue() -> int:
    """Return how many runs are far past their limits for cells and questions."""
    running = (
        GradingRun.objects.filter(state=State.RUNNING)
        .order_by()
        .annotate(questions=_question_count())
        .values_list(
            "started_at",
            "revision__run_seconds",
            "revision__question_seconds",
            "questions",
        )
    )
    now = timezone.now()
    return sum(
        now - started
        > dt.timedelta(
            seconds=limit + _QUESTION_TIMES * each * count + ALERT_OVERRUN_SECONDS
        )
        for started, limit, each, count in running
        if started is not None
    )


def _question_count() -> Coalesce:
    """Return the number of the questions of a run's revision, as a subquery.

    With a join, SQLite would group all runs before it looks for the running ones.
    """
    questions = Question.objects.filter(revision=OuterRef("revision")).order_by()
    counted = questions.values("revision").annotate(count=Count("pk"))
    return Coalesce(Subquery(counted.values("count")), 0)


def _oldest_queued_seconds() -> float:
    waiting = GradingRun.objects.filter(state=State.QUEUED)
    time_in_queue: Any = F("queued_at")
    if connection.vendor == "sqlite":
        # It would sometimes go through all runs by time until it meets one that waits.
        # No index has the least of an expression, so it reads the index of those.
        time_in_queue = Coalesce("queued_at", "queued_at")
    oldest = waiting.aggregate(oldest=Min(time_in_queue))["oldest"]
    return (timezone.now() - oldest).total_seconds() if oldest else 0.0
