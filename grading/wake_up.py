"""Wake-up messages for workers. Losing one costs seconds, never a run.

The row is the queue, and a message only says that something is queued. So a broker that
is down, slow or emptied is noted in the log and otherwise ignored.
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
    """Send a wake-up for a queued run. Called on commit; a broker's fault is no error."""
    send_wake_ups(GradingRun.objects.filter(pk=run_id).queued())


def send_wake_ups(runs: Iterable[GradingRun]) -> int:
    """Send a wake-up for each of these runs for which no one else has just sent one.

    Returns how many went out. The first failure ends it: the broker is down for all.
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
