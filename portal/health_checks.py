"""What the portal needs in order to work, each part with a check that says if it does.

The addresses /healthz and /readyz, the operations page and the watch in beat ask here.
"""

import datetime as dt
import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Final

from celery import current_app
from django.conf import settings
from django.db import connection
from django.template.defaultfilters import filesizeformat

from courses.broker import ONE_QUICK_TRY, TIMEOUTS, connect
from grading.services import old_queues, worker_problems
from portal.timed_checks import HealthProblem, TimedCheck, run_checks
from storage.blobs import blob_store_answers
from submissions.models import Submission

# A probe must answer within three seconds.
ANSWER_SECONDS: Final = 2.0


def _database() -> Iterator[HealthProblem]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    yield from ()


def _broker() -> Iterator[HealthProblem]:
    options = {**ONE_QUICK_TRY, **TIMEOUTS}
    with current_app.connection_for_write(transport_options=options) as broker:
        connect(broker)
    yield from ()


def _files() -> Iterator[HealthProblem]:
    folder = settings.VAR_DIR
    if not os.access(folder, os.W_OK | os.X_OK):
        yield HealthProblem(key="files", words="The folder var cannot be written to.")
    # A new portal has no file yet.
    if not blob_store_answers() and Submission.objects.exists():
        yield HealthProblem(key="files", words="The file store cannot be read.")


def _disk() -> Iterator[HealthProblem]:
    free = shutil.disk_usage(settings.VAR_DIR).free
    if free < settings.LOW_DISK_BYTES:
        left = filesizeformat(free)
        yield HealthProblem(key="disk", words=f"The disk has only {left} left.")


def _queue() -> Iterator[HealthProblem]:
    for queue, age in old_queues():
        yield HealthProblem(
            key=f"queue:{queue}",
            words=f"A run has waited in the queue {queue} for {_minutes(age)}.",
        )


def _workers() -> Iterator[HealthProblem]:
    for key, words in worker_problems().items():
        yield HealthProblem(key=key, words=words)


def _minutes(age: dt.timedelta) -> str:
    return f"{age // dt.timedelta(minutes=1)} minutes"


DATABASE: Final = TimedCheck("database", _database)
# Without these, a web process can neither show a page nor store what is handed in.
NEEDED: Final = (DATABASE, TimedCheck("files", _files))
# Without these, work is taken and waits.
OTHERS: Final = (
    TimedCheck("disk", _disk),
    TimedCheck("broker", _broker),
    TimedCheck("queue", _queue),
    TimedCheck("workers", _workers),
)


def find_problems() -> Mapping[str, list[HealthProblem]]:
    """Return the problems of each part of the portal, within ANSWER_SECONDS."""
    return run_checks((*NEEDED, *OTHERS), seconds=ANSWER_SECONDS)
