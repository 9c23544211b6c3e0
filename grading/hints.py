"""Hints: messages that wake a worker. Losing one costs seconds, never a run.

The row is the queue, and a hint only says that something is queued. So a broker that
is down, slow or emptied is noted in the log and otherwise ignored.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from grading.models import GradingRun

log = structlog.get_logger(__name__)

TASK: Final = "grading.execute_run"
VERSION: Final = 1
# A person waits for the answer to a submission, so: one try, and a short one.
_ONE_QUICK_TRY: Final = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
_TIMEOUTS: Final = {"socket_connect_timeout": 1, "socket_timeout": 1}


def send_hint(run_id: UUID) -> None:
    """Send a hint for a queued run. Called on commit; a broker's fault is no error."""
    send_hints(GradingRun.objects.filter(pk=run_id).queued())


def send_hints(runs: Iterable[GradingRun]) -> int:
    """Send a hint for each of these runs that no one else has just hinted.

    Returns how many went out. The first failure ends it: the broker is down for all.
    """
    sent = 0
    with current_app.connection_for_write(
        transport_options={**_ONE_QUICK_TRY, **_TIMEOUTS}
    ) as connection:
        faults: tuple[type[BaseException], ...] = (
            OperationalError,
            OSError,
            *connection.connection_errors,
            *connection.channel_errors,
        )
        try:
            for run in runs:
                _connect(connection)
                if GradingRun.objects.note_hint(run):
                    _send(run, connection)
                    sent += 1
        except faults as error:
            log.warning("hint_not_sent", error=type(error).__name__)
    return sent


def _connect(connection: Any) -> None:
    connection.ensure_connection(**_ONE_QUICK_TRY)


def _send(run: GradingRun, connection: Any) -> None:
    current_app.send_task(
        TASK,
        args=[{"v": VERSION, "run": str(run.pk)}],
        queue=run.queue,
        connection=connection,
        retry=False,
        ignore_result=True,
    )
