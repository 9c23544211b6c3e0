"""Claiming a run: which queued run a worker takes next, and the lease that it gets."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models.functions import Now

from grading.models import GradingRun
from grading.querysets import GradingRunQuerySet, lease_end
from grading.services.worker_presence import has_other_host, host_of
from grading.states import State


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A worker's hold on a run. `token` shuts out every earlier holder of the run.

    `request` is the id of the request that queued the run, for the log. A self-check
    gives way: see grading.services.giving_way.
    """

    run_id: UUID
    token: int
    worker: str
    request: str = ""
    is_self_check: bool = False


def claim_next(*, worker: str, queues: Collection[str]) -> Claim | None:
    """Claim the first queued run and return the claim, or None if no run waits.

    Workers that call this at the same time get different runs. A run that failed on
    this worker's host is left to another host for a while, if one is there. No
    transaction stays open.
    """
    while (run := _next_run(host_of(worker), queues)) is not None:
        claim = Claim(
            run_id=run.pk,
            token=run.lease_token + 1,
            worker=worker[:120],
            request=run.request_id,
            is_self_check=run.self_check_id is not None,
        )
        if GradingRun.objects.transition(
            run_id=run.pk,
            source=State.QUEUED,
            target=State.RUNNING,
            lease_token=run.lease_token,
            next_token=claim.token,
            event_detail={"worker": claim.worker},
            lease_expires_at=lease_end(),
            worker=claim.worker,
            started_at=Now(),
            not_before=None,
            progress={},
        ):
            return claim
    return None


def _next_run(host: str, queues: Collection[str]) -> GradingRun | None:
    """Return the run that a worker on this host takes next.

    Turns of different queues say nothing of each other, so between queues the run that
    came first is taken.
    """
    found = [run for queue in queues if (run := _first_of(queue, host)) is not None]
    return min(found, key=lambda run: (-run.priority, run.queued_at), default=None)


def _first_of(queue: str, host: str) -> GradingRun | None:
    waiting = GradingRun.objects.queued().filter(queue=queue)
    run = _first(waiting)
    if run is None or f"|{host}|" not in run.failed_hosts:
        return run
    if not has_other_host(host, queue):
        return run
    return _first(waiting.left_to_host(host))


def _first(waiting: GradingRunQuerySet) -> GradingRun | None:
    return waiting.only(
        *("pk", "lease_token", "failed_hosts", "priority", "queued_at", "request_id"),
        "self_check",
    ).first()
