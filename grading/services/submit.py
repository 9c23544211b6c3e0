"""Store what a student hands in, together with its run."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from accounts.models import User
from courses.models import Assignment
from formats.problems import Problem
from grading.models import GradingRun
from grading.services.environment_records import recorded_modules
from grading.services.run_queue import enqueue_run
from grading.services.use import budget_refusals
from submissions.services import IncomingFile, accept_files, record_submission

log = structlog.get_logger(__name__)


def submit_work(
    *,
    actor: User,
    assignment: Assignment,
    files: Sequence[IncomingFile],
    started_at: datetime,
    received_at: datetime | None = None,
    idempotency_key: str = "",
    is_key_of_files: bool = False,
    known: Sequence[Problem] = (),
) -> GradingRun:
    """Store an attempt and its queued run in one transaction, and return the run.

    `received_at` is when the last byte arrived, or now. `known` are problems of the
    form, reported together with those of the files. The same files with the same
    idempotency key return the same run again. Raises SubmissionRefusedError, and with
    `is_key_of_files` KeyReusedError for a key that was sent with other files. After
    either, nothing is stored.
    """
    accepted = accept_files(
        actor=actor,
        assignment=assignment,
        files=files,
        idempotency_key=idempotency_key,
        installed=recorded_modules(),
        known=known,
        barred=budget_refusals(assignment, actor),
        received_at=received_at,
    )
    with transaction.atomic():
        submission = record_submission(
            actor=actor,
            assignment=assignment,
            accepted=accepted,
            started_at=started_at,
            idempotency_key=idempotency_key,
            is_key_of_files=is_key_of_files,
        )
        earlier = submission.runs.that_may_count().order_by("-number").first()
        run = earlier or enqueue_run(actor=actor, submission=submission)
    if earlier is None:
        log.info(
            "handed_in",
            submission=str(submission.pk),
            run=str(run.pk),
            assignment=assignment.pk,
            attempt=submission.attempt,
            person=actor.pk,
        )
    return run
