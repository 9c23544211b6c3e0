"""The Celery tasks of grading: executing a run, and mailing answers."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from grading.services.regrade_mails import mail_due_regrade_answers
from grading.services.release_mails import mail_due_releases
from grading.worker.execution import (
    execute_next,
    served_queues,
    shared_runner,
    worker_name,
)


@shared_task(name="grading.execute_run")
def execute_run(message: dict[str, Any]) -> None:
    """Execute the first run of this worker's queues, if a run waits.

    The message only says that something is queued. It may come late or twice, for a run
    that another worker has taken, or not at all.
    """
    execute_next(worker=worker_name(), queues=served_queues(), runner=shared_runner())


@shared_task(name="grading.mail_regrade_answers")
def mail_regrade_answers() -> None:
    """Mail one portion of the answers to regrade requests."""
    mail_due_regrade_answers(now=timezone.now())


@shared_task(name="grading.mail_releases")
def mail_releases() -> None:
    """Mail one portion of those whose marks came out."""
    mail_due_releases(now=timezone.now())
