"""Which workers are there, and which of them have stopped taking runs.

The times are those of the database's clock.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from grading.models import WorkerPresence
from grading.querysets import from_now

# A worker that was not seen for so long is not counted on.
PRESENT_SECONDS: Final = 45
_KEPT: Final = timedelta(days=1)


def host_of(worker: str) -> str:
    """Return the host in a worker's name, which is host, process and thread."""
    return worker.partition(":")[0]


def note_presence(*, actor: Actor, name: str, queues: Collection[str]) -> None:
    """Record that this worker process is there, and the queues that it serves now."""
    WorkerPresence.objects.bulk_create(
        [
            WorkerPresence(
                name=name, host=host_of(name), queues=sorted(queues), seen_at=Now()
            )
        ],
        update_conflicts=True,
        unique_fields=["name"],
        update_fields=["queues", "seen_at"],
    )


def note_pause(
    *, actor: Actor, name: str, faults: int, seconds: float, code: str
) -> None:
    """Record that the worker takes no run for so many seconds; 0 ends its pause."""
    WorkerPresence.objects.filter(name=name).update(
        faults_in_a_row=faults,
        paused_until=from_now(seconds) if seconds else None,
        pause_code=code[:40] if seconds else "",
        seen_at=Now(),
    )


def forget_worker(*, actor: Actor, name: str) -> None:
    """Remove a worker that stops, and those that were not seen for a day."""
    stale = Q(name=name) | Q(seen_at__lt=from_now(-_KEPT.total_seconds()))
    WorkerPresence.objects.filter(stale).delete()


def has_other_host(host: str, queue: str) -> bool:
    """Return whether a worker on another host takes runs of this queue now."""
    return any(
        queue in queues
        for queues in _present()
        .filter(Q(paused_until__isnull=True) | Q(paused_until__lte=Now()))
        .exclude(host=host)
        .values_list("queues", flat=True)
    )


def all_paused(queue: str) -> bool:
    """Return whether workers serve this queue, but each of them has paused."""
    paused = [
        until
        for queues, until in _present().values_list("queues", "paused_until")
        if queue in queues
    ]
    return bool(paused) and all(until is not None for until in paused)


def _present() -> QuerySet[WorkerPresence]:
    return WorkerPresence.objects.filter(seen_at__gt=from_now(-PRESENT_SECONDS))
