"""Store what a student hands in, together with its run."""

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from accounts.models import User
from courses.models import Assignment
from formats.declaration import NOT_DECLARED, Declaration
from formats.problems import Problem
from grading.models import GradingRun
from grading.services.environment_records import recorded_modules
from grading.services.run_queue import enqueue_run
from grading.services.use import budget_refusals
from submissions.attempt_opening import close_attempt
from submissions.exceptions import AttemptGoneError, AttemptHandedInError
from submissions.models import OpenedAttempt, Submission
from submissions.services import IncomingFile, accept_files, record_submission
from submissions.upload_pieces import arrived_files

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
    declared: Declaration = NOT_DECLARED,
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
        is_key_of_files=is_key_of_files,
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
            declared=declared,
        )
        earlier = _run_of(submission)
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


def finish_attempt(*, actor: User, opened: OpenedAttempt) -> GradingRun:
    """Hand in an opened attempt whose files have all arrived, and return its run.

    It is checked, stored and counted as a form's files are. The opening counts as the
    time of receipt if every byte arrived within the allowance. Finishing again returns
    the same run. Raises AttemptIncompleteError, also for a file that our disk has
    damaged since it arrived, and SubmissionRefusedError: the attempt then stays open.
    Raises AttemptGoneError if it was dropped meanwhile.
    """
    try:
        with arrived_files(opened) as files:
            run = submit_work(
                actor=actor,
                assignment=opened.assignment,
                files=files,
                started_at=opened.opened_at,
                received_at=_received_at(opened),
                idempotency_key=f"opened-{opened.pk}",
                declared=Declaration.from_json(opened.declared),
            )
    except AttemptHandedInError:
        submission = Submission.objects.get(opened_attempt=opened)
        if (earlier := _run_of(submission)) is None:
            raise
        return earlier
    close_attempt(opened=opened, submission=run.work)
    return run


def _received_at(opened: OpenedAttempt) -> datetime:
    """Return the time that counts. Raises AttemptGoneError if it was just dropped."""
    received_at = opened.received_at
    if received_at is None:
        raise AttemptGoneError
    return received_at


def _run_of(submission: Submission) -> GradingRun | None:
    return submission.runs.that_may_count().order_by("-number").first()
