"""Hand in work for a student, such as work that came by mail."""

import datetime as dt
from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, CourseChange
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.field_refusals import FieldsRefusedError
from courses.wall_clock import moment_words
from grading.models import GradingRun
from grading.services.environment_records import recorded_modules
from grading.services.run_queue import enqueue_run
from submissions.models import Submission
from submissions.services import (
    IncomingFile,
    StaffEntry,
    accept_files,
    record_submission,
)

log = structlog.get_logger(__name__)


class EntryRefusedError(FieldsRefusedError):
    """The time of receipt was refused, and nothing was stored."""


def submit_for_student(
    *,
    actor: User,
    student: User,
    assignment: Assignment,
    files: Sequence[IncomingFile],
    reason: str,
    stated_at: dt.datetime | None = None,
    uses_attempt: bool = True,
    idempotency_key: str = "",
) -> GradingRun:
    """Store an attempt of the student's and its queued run, and return the run.

    The files are checked as the student's own. No deadline, wait or number of attempts
    refuses the work, and it is late as the student's own would be: by `stated_at`, when
    the actor had got it, or by now. The change is recorded, and the receipt is mailed
    to the student. The same files with the same key return the same run again.

    Raises EntryRefusedError, SubmissionRefusedError, and PermissionDenied if the actor
    may not edit the course.
    """
    require_right(actor, Right.MANAGE_PEOPLE, assignment.course)
    now = timezone.now()
    _check_time(assignment, stated_at, now)
    entry = StaffEntry(
        entered_by=actor,
        entered_at=now,
        reason=reason.replace("\x00", ""),
        stated_at=stated_at,
        uses_attempt=uses_attempt,
    )
    accepted = accept_files(
        actor=student,
        assignment=assignment,
        files=files,
        idempotency_key=idempotency_key,
        installed=recorded_modules(),
        received_at=entry.received_at,
        entry=entry,
    )
    with transaction.atomic():
        submission = record_submission(
            actor=student,
            assignment=assignment,
            accepted=accepted,
            started_at=entry.received_at,
            idempotency_key=idempotency_key,
            entry=entry,
        )
        earlier = submission.runs.that_may_count().order_by("-number").first()
        if earlier is not None:
            return earlier
        _record(submission, entry)
        run = enqueue_run(actor=actor, submission=submission)
    log.info(
        "handed_in",
        submission=str(submission.pk),
        run=str(run.pk),
        assignment=assignment.pk,
        attempt=submission.attempt,
        person=student.pk,
        entered_by=actor.pk,
    )
    return run


def _check_time(
    assignment: Assignment, stated_at: dt.datetime | None, now: dt.datetime
) -> None:
    if stated_at is None:
        return
    if stated_at > now:
        raise EntryRefusedError({"received_at": "This time is in the future."})
    release_at = assignment.release_at
    if release_at is not None and stated_at < release_at:
        words = moment_words(release_at, assignment.course.tz)
        raise EntryRefusedError(
            {"received_at": f"The coursework was handed out later, on {words}."}
        )


def _record(submission: Submission, entry: StaffEntry) -> None:
    """Record the change. The student reads it, and no other student."""
    assignment = submission.assignment
    got = ""
    if entry.stated_at is not None:
        got = f" It counts from {moment_words(entry.stated_at, assignment.course.tz)}."
    record_change(
        actor=entry.entered_by,
        course=assignment.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"Attempt {submission.attempt} at {assignment.title} was handed in for "
        f"{submission.author}.{got}",
        reason=entry.reason,
        is_public=True,
        about=assignment,
        student=submission.author,
    )
