"""The log line and the numbers of each try of a run, once the try is over."""

import datetime as dt
from typing import Any, Final

import structlog
from django.db import InterfaceError, OperationalError

from courses.counters import COUNTERS
from grading.messages import CODES
from grading.models import GradingRun
from grading.services import Claim
from grading.states import State

log = structlog.get_logger(__name__)

_UNKNOWN: Final = "unknown"
_LOST: Final = "lost"
_PUT_BACK: Final = "put_back"
_OTHER: Final = "other"
# SECURITY: labels come from these words, whatever a run has stored.
_CODES: Final = CODES | {*("", "cancelled", "store_away", "worker_stopped", "gave_way")}


def record_try(claim: Claim) -> None:
    """Log how the try ended and count it. Two queries at most.

    The row says it: what a worker believes does not matter if it has lost the run. A
    database that is away costs the line and the count, and nothing else.
    """
    try:
        _record(claim)
    except (OperationalError, InterfaceError) as error:
        log.warning("run_ended", outcome=_UNKNOWN, error=type(error).__name__)


def _record(claim: Claim) -> None:
    run = (
        GradingRun.objects.filter(pk=claim.run_id, lease_token=claim.token)
        .only(
            *("state", "queue", "priority", "verdict", "code", "queued_at"),
            *("started_at", "finished_at", "platform_tries", "put_back_count"),
        )
        .first()
    )
    if run is None:
        COUNTERS.count("tries", outcome=_LOST, code="")
        log.info("run_ended", outcome=_LOST, worker=claim.worker)
        return
    is_back = run.state == State.QUEUED
    outcome = _PUT_BACK if is_back else str(run.state)
    code = _put_back_code(run) if is_back else run.code
    label = code if code in _CODES else _OTHER
    COUNTERS.count("tries", outcome=outcome, code=label)
    if not is_back:
        COUNTERS.count("runs", verdict=str(run.verdict) or outcome, code=label)
    log.info(
        "run_ended",
        outcome=outcome,
        verdict=run.verdict,
        code=code,
        queue=run.queue,
        tries=run.platform_tries,
        worker=claim.worker,
        **_times(run),
    )


def _put_back_code(run: GradingRun) -> str:
    codes = run.events.order_by("-pk").values_list("code", flat=True)
    return codes.first() or ""


def _times(run: GradingRun) -> dict[str, Any]:
    """Count the wait and the time of a run that has ended, and return both."""
    if run.started_at is None or run.finished_at is None:
        return {}
    ran = _seconds(run.finished_at - run.started_at)
    COUNTERS.observe("run_seconds", ran, queue=run.queue)
    found = {"run_seconds": ran}
    if not run.put_back_count:
        # A run that was put back had waited before too.
        waited = _seconds(run.started_at - run.queued_at)
        COUNTERS.observe("wait_seconds", waited, queue=run.queue)
        found["wait_seconds"] = waited
    return found


def _seconds(time: dt.timedelta) -> float:
    return round(time.total_seconds(), 3)
