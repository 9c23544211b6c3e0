"""The Celery application and the two kinds of task there are.

A message is only a hint: the GradingRun row is the queue. So a task takes ids, is
safe to run twice or never, is acknowledged before it starts, and returns nothing.
There is no canvas (chain, group, chord), no countdown and no retry by the broker:
a run that was lost is found by its lease, and a queued one by the next poll.
"""

import os
import warnings
from collections.abc import Callable
from typing import Any, Final, ParamSpec

from celery import Celery
from celery.app.task import Task
from celery.exceptions import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Celery warns whoever is root. The worker runs nothing of a student's by itself, and
# the runner's jobs are never root's.
warnings.filterwarnings("ignore", category=SecurityWarning)

P = ParamSpec("P")

app = Celery("softmark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].update(
    {
        "grading.worker.bootsteps.Guard",
        "grading.worker.bootsteps.QueuePoller",
        "grading.worker.bootsteps.Sweeper",
        "grading.worker.bootsteps.Recorder",
    }
)

# Every message: early acknowledgement, no result, no retry, no redelivery.
OPTIONS: Final[dict[str, Any]] = {
    "acks_late": False,
    "ignore_result": True,
    "max_retries": 0,
    "reject_on_worker_lost": False,
}


def short_task(function: Callable[P, None]) -> Task[P, None]:
    """Make a task that ends within seconds: database work, or one mail.

    It may run at any time, twice, or not at all, and holds a slot of the worker
    for no longer than a page takes. Its name is `app.function`.
    """
    return _task(function)


def run_task(function: Callable[P, None]) -> Task[P, None]:
    """Make a task that executes runs: it holds a slot for up to a run's limit.

    Nothing outside stops it: the runner ends a run at its limit, the lease ends the
    claim of a worker that died, and neither needs the broker. Its name is
    `app.function`.
    """
    return _task(function)


def _task(function: Callable[P, None]) -> Task[P, None]:
    # The name is part of the message, so it must outlive a move between modules.
    name = f"{function.__module__.partition('.')[0]}.{function.__name__}"
    register: Any = app.task(name=name, **OPTIONS)
    task: Task[P, None] = register(function)
    return task
