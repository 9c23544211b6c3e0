"""What is wrong with the queue and its workers now, for those who watch the portal.

The times are those of the database's clock, so it does not matter who asks.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, DurationField, ExpressionWrapper, F, Min
from django.db.models.functions import Now

from grading.models import GradingRun, WorkerPresence
from grading.services.run_queue import LIVE_PRIORITY
from grading.services.worker_presence import present_workers

# A live run that waits longer than this is reported.
ALERT_QUEUED_SECONDS: Final = 600
# Most work needs no GPU, so somebody must always serve this queue.
_ALWAYS_SERVED: Final = "cpu"


@dataclass(frozen=True, kw_only=True)
class WaitingRuns:
    """How many runs wait in a queue, and how long the oldest of them has waited."""

    count: int
    longest: dt.timedelta


def waiting_runs(*, is_live: bool = False) -> Mapping[str, WaitingRuns]:
    """Return the runs that wait, by queue; without regrades and trials if `is_live`.

    Runs that wait after a fault of ours are left out until their time has come. One
    query.
    """
    waiting = GradingRun.objects.queued()
    if is_live:
        waiting = waiting.filter(priority__gte=LIVE_PRIORITY - 1)
    longest = ExpressionWrapper(Now() - Min("queued_at"), DurationField())
    rows = (
        waiting.order_by()
        .values("queue")
        .annotate(count=Count("pk"), longest=longest)
        .values_list("queue", "count", "longest")
    )
    return {
        queue: WaitingRuns(count=count, longest=longest)
        for queue, count, longest in sorted(rows)
    }


def old_queues() -> Iterator[tuple[str, dt.timedelta]]:
    """Yield each queue whose oldest live run has waited too long, with that wait.

    Regrades and trials wait behind live work, so their wait says nothing.
    The time before a worker of the queue started does not count: after a restore or a
    pause of the portal, old runs wait at first.
    """
    started = _served_since()
    for queue, waiting in waiting_runs(is_live=True).items():
        wait = min(waiting.longest, started.get(queue, waiting.longest))
        if wait > dt.timedelta(seconds=ALERT_QUEUED_SECONDS):
            yield queue, waiting.longest


def _served_since() -> Mapping[str, dt.timedelta]:
    """Return for how long the oldest worker of each queue has run."""
    age = ExpressionWrapper(Now() - F("started_at"), DurationField())
    rows = present_workers().exclude(started_at=None).annotate(age=age)
    found: dict[str, dt.timedelta] = {}
    for row in rows:
        for queue in row.queues:
            found[queue] = max(row.age, found.get(queue, row.age))
    return found


def worker_problems() -> dict[str, str]:
    """Return what is wrong with the workers and with beat: words by a lasting key.

    A worker that stops in order removes its record. So one that was not seen lately has
    died or hangs. It is no longer reported once another worker of the same queues has
    started after it was last seen.
    """
    present = list(present_workers())
    rows = WorkerPresence.objects.exclude(pk__in=[row.pk for row in present])
    return {
        **{
            f"{row.role}:{row.name}": (
                f"The {row.role} {row.name} has died or hangs: it has not reported "
                f"since {row.seen_at:%d %B, %H:%M:%S} UTC."
            )
            for row in rows
            if not _is_replaced(row, present)
        },
        **{
            f"paused:{row.name}": (
                f"The worker {row.name} has paused: {row.faults_in_a_row} runs in a "
                f"row failed through a fault of the portal ({row.pause_code})."
            )
            for row in present
            if row.paused_until is not None
        },
        **{
            f"unserved:{queue}": f"No worker serves the queue {queue}."
            for queue in _unserved(present)
        },
        **_without_beat(present),
    }


def _is_replaced(gone: WorkerPresence, present: Iterable[WorkerPresence]) -> bool:
    return any(
        row.role == gone.role
        and row.started_at is not None
        and row.started_at > gone.seen_at
        and set(gone.queues) <= set(row.queues)
        for row in present
    )


def _unserved(present: Iterable[WorkerPresence]) -> list[str]:
    """Return the queues that no worker serves, though runs wait or may come."""
    served = {queue for row in present for queue in row.queues}
    return sorted({_ALWAYS_SERVED, *waiting_runs()} - served)


def _without_beat(present: Iterable[WorkerPresence]) -> dict[str, str]:
    if any(row.role == WorkerPresence.Role.BEAT for row in present):
        return {}
    return {"unserved:beat": "Beat does not run, so periodic work is not done."}
