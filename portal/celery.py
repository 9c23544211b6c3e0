"""The Celery application.

A message is only a hint: the GradingRun row is the queue. So a task takes ids, is
safe to run twice or never, is acknowledged before it starts, and returns nothing:
CELERY_TASK_ANNOTATIONS in the settings says so for all. Each has its name written
down, because the name is part of a message and must outlive a move between modules.
There is no canvas (chain, group, chord), no countdown and no retry by the broker:
a run that was lost is found by its lease, and a queued one by the next poll.
"""

import os
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

# Celery warns whoever is root. The worker runs nothing of a student's by itself, and
# the runner's jobs are never root's.
warnings.filterwarnings("ignore", category=SecurityWarning)

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
