"""Wake-up messages for workers. Losing one costs seconds, never a run.

The row is the queue, and a message only says that something is queued. So a broker that
is down, slow or emptied is logged and otherwise ignored.
"""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from celery import current_app

from courses.broker import connect, quick_connection
from grading.models import GradingRun

TASK: Final = "grading.execute_run"
VERSION: Final = 1


def send_wake_up(run_id: UUID) -> None:
    """Send a wake-up for a queued run. A fault of the broker raises nothing."""
    send_wake_ups(GradingRun.objects.filter(pk=run_id).queued())


def send_wake_ups(runs: Iterable[GradingRun]) -> int:
    """Send a wake-up for each of these runs for which nobody else has just sent one.

    Return how many were sent. The first failure ends it, because the broker is then
    down for all of them.
    """
    sent = 0
    with quick_connection() as connection:
        for run in runs:
            connect(connection)
            if GradingRun.objects.note_wake_up(run):
                _send(run, connection)
                sent += 1
    return sent


def _send(run: GradingRun, connection: Any) -> None:
    current_app.send_task(
        TASK,
        args=[{"v": VERSION, "run": str(run.pk)}],
        queue=run.queue,
        connection=connection,
        retry=False,
        ignore_result=True,
    )
