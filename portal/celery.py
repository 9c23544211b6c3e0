"""The Celery application.

A message is only a wake-up: the GradingRun row is the queue. So a task takes ids, can
safely run twice or never, is acknowledged before it starts, and returns nothing:
CELERY_TASK_ANNOTATIONS in the settings says so for all tasks. Each task has an explicit
name, because the name is part of a message and must stay the same if the task moves to
another module. There is no canvas (chain, group, chord), no countdown and no retry by
the broker: a lost run is found by its lease, and a queued one by the next poll.
"""

import os
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import SecurityWarning
from celery.signals import beat_init, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Celery warns if it runs as root. The worker itself runs nothing of a student's, and
# the runner's jobs never run as root.
warnings.filterwarnings("ignore", category=SecurityWarning)

app = Celery("softmark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].update(
    {
        "grading.worker.bootsteps.StartCheck",
        "grading.worker.bootsteps.QueuePoller",
        "grading.worker.bootsteps.Presence",
        "grading.worker.bootsteps.Sweeper",
        "grading.worker.bootsteps.Recorder",
        "grading.worker.liveness.Liveness",
    }
)


@setup_logging.connect
def leave_logging_to_django(**given: Any) -> None:
    """Keep Celery from setting the root logger to WARNING: it would hide our lines."""


@beat_init.connect
def watch_the_portal(**given: Any) -> None:
    """Start the watch in beat: it needs neither a worker nor the broker."""
    # The models can be loaded only once Django is set up.
    from portal.watch import start_watch  # noqa: PLC0415

    start_watch()
