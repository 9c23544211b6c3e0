"""Which workers and beats are there, and which workers have stopped taking runs.

The times are those of the database's clock.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from grading.json_safe import JsonObject
from grading.models import WorkerPresence
from grading.querysets import from_now

# A worker that was not seen for so long is not counted on.
PRESENT_SECONDS: Final = 45
_KEPT: Final = timedelta(days=1)


def host_of(worker: str) -> str:
    """Return the host in a worker's name, which is host, process and thread."""
    return worker.partition(":")[0]


def note_presence(
    *,
    actor: Actor,
    name: str,
    queues: Collection[str] = (),
    role: WorkerPresence.Role = WorkerPresence.Role.WORKER,
    numbers: JsonObject | None = None,
) -> None:
    """Record that this process is there, the queues that it serves, and its numbers.

    `numbers` are what grading.worker.worker_numbers describes.
    """
    WorkerPresence.objects.bulk_create(
        [
            WorkerPresence(
                name=name,
                role=role,
                host=host_of(name),
                queues=sorted(queues),
                started_at=Now(),
                seen_at=Now(),
                numbers=numbers or {},
            )
        ],
        update_conflicts=True,
        unique_fields=["name"],
        # The time of the start is that of the first record.
        update_fields=["queues", "seen_at", "numbers"],
    )


def forget_old_records(*, actor: Actor) -> None:
    """Remove the records of those that were not seen for a day."""
    stale = Q(seen_at__lt=from_now(-_KEPT.total_seconds()))
    WorkerPresence.objects.filter(stale).delete()


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
    """Remove the record of a worker that stops, or that an earlier process has left.

    In a container, a new process often has the number of the one that crashed.
    """
    WorkerPresence.objects.filter(name=name).delete()


def present_workers() -> QuerySet[WorkerPresence]:
    """Return the records of those that were seen lately."""
    return WorkerPresence.objects.filter(seen_at__gt=from_now(-PRESENT_SECONDS))


def has_other_host(host: str, queue: str) -> bool:
    """Return whether a worker on another host takes runs of this queue now."""
    return any(
        queue in queues
        for queues in present_workers()
        .filter(Q(paused_until__isnull=True) | Q(paused_until__lte=Now()))
        .exclude(host=host)
        .values_list("queues", flat=True)
    )


def all_paused(queue: str) -> bool:
    """Return whether workers serve this queue, but each of them has paused."""
    paused = [
        until
        for queues, until in present_workers().values_list("queues", "paused_until")
        if queue in queues
    ]
    return bool(paused) and all(until is not None for until in paused)
