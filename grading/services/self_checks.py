"""Check a student's files before they are handed in, as often as the assignment allows."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.actors import Actor
from accounts.models import User
from courses.models import Assignment
from courses.services.enrolments import lock_enrolment
from courses.wall_clock import moment_words
from formats.declaration import NOT_DECLARED, Declaration
from formats.problems import Problem
from formats.submission_words import problem
from grading.models import GradingRun, SelfCheck, SelfCheckFile
from grading.self_check_rate import ChecksLeft, checks_left, since_full
from grading.services.environment_records import recorded_modules
from grading.services.run_queue import queue_self_check
from grading.services.submit import submit_work
from grading.services.use import budget_refusals
from grading.states import ACTIVE
from storage.blobs import BlobMissingError, blob_path
from submissions.attempt_opening import close_attempt
from submissions.exceptions import SubmissionRefusedError
from submissions.intake import sha256_of
from submissions.models import OpenedAttempt
from submissions.quota import check_room_problems, quota_problems
from submissions.reserved_room import give_room_back, keep_room_of_checks
from submissions.services import (
    AcceptedFiles,
    IncomingFile,
    accept_files,
    refusals_at,
    stored_key,
)
from submissions.upload_pieces import arrived_files

log = structlog.get_logger(__name__)

# So many are written in one transaction, which holds up other writers on SQLite.
_AT_ONCE: Final = 200


def self_checks_left(
    assignment: Assignment, student: User, now: dt.datetime
) -> ChecksLeft:
    """Return how many checks of this assignment the student has left. One query."""
    limit = assignment.self_check_limit if assignment.runs_notebooks else 0
    every = dt.timedelta(minutes=assignment.self_check_minutes)
    if not limit:
        return checks_left((), limit=0, every=every, now=now)
    charged = SelfCheck.objects.charged().filter(assignment=assignment, author=student)
    times = charged.order_by("-asked_at").values_list("asked_at", flat=True)
    since = since_full(times.iterator(), limit=limit, every=every)
    return checks_left(since, limit=limit, every=every, now=now)


def check_work(
    *,
    actor: User,
    assignment: Assignment,
    files: Sequence[IncomingFile],
    idempotency_key: str = "",
    known: Sequence[Problem] = (),
) -> SelfCheck:
    """Store the files for a check, put its run in the queue, and return the check.

    It is there for whoever may hand in now, and has a check left. The files are checked
    as for a hand-in. The same files with the same key return the same check again.
    Raises SubmissionRefusedError; then nothing is stored.
    """
    now = timezone.now()
    if refused := _rate_refusals(assignment, actor, now):
        # The same files, sent again, are no second check.
        earlier = _repeated(actor, assignment, files, idempotency_key)
        if earlier is None:
            raise SubmissionRefusedError(refused)
        return earlier
    accepted = accept_files(
        actor=actor,
        assignment=assignment,
        files=files,
        installed=recorded_modules(),
        known=known,
        barred=[
            *budget_refusals(assignment, actor),
            *check_room_problems(actor, assignment.course, files),
        ],
        received_at=now,
    )
    hashes = {file.name: file.sha256 for file in accepted.files}
    key = stored_key(idempotency_key, assignment, hashes)
    with transaction.atomic():
        # Checks that are sent at the same time wait here for each other.
        lock_enrolment(actor, assignment.course_id)
        if (earlier := _with_key(actor, key)) is not None:
            if earlier.dropped_at is None:  # otherwise no row names the content
                give_room_back(accepted.room)
            return earlier
        # The lecturer may have changed the rules since the upload began.
        current = Assignment.objects.select_related("course").get(pk=assignment.pk)
        refusals = [
            *refusals_at(actor, current, now),
            *_rate_refusals(current, actor, timezone.now()),
            *quota_problems(actor, current.course, accepted.files),
        ]
        if refusals:
            raise SubmissionRefusedError(refusals)
        give_room_back(accepted.room)
        made = _store(actor, current, accepted, key)
        run = queue_self_check(actor=actor, self_check=made)
    log.info(
        "check_asked",
        check=str(made.pk),
        run=str(run.pk),
        assignment=assignment.pk,
        person=actor.pk,
    )
    return made


def check_opened_attempt(
    *, actor: User, opened: OpenedAttempt, idempotency_key: str = ""
) -> SelfCheck:
    """Check the files of an opened attempt that have all arrived, as `check_work` does.

    The attempt stays open: it can be handed in, or replaced by one with corrected files,
    of which only the corrected ones are sent. Raises SubmissionRefusedError,
    AttemptIncompleteError, AttemptHandedInError and AttemptGoneError.
    """
    with arrived_files(opened) as files:
        return check_work(
            actor=actor,
            assignment=opened.assignment,
            files=files,
            idempotency_key=idempotency_key,
        )


def _repeated(
    actor: User, assignment: Assignment, files: Sequence[IncomingFile], key: str
) -> SelfCheck | None:
    """Return the earlier check of the same files under the same key, or None."""
    if not key:
        return None
    hashes = {file.name: sha256_of(file) for file in files}
    return _with_key(actor, stored_key(key, assignment, hashes))


def _with_key(actor: User, key: str) -> SelfCheck | None:
    found = SelfCheck.objects.filter(author=actor, idempotency_key=key)
    return found.first() if key else None


def _rate_refusals(
    assignment: Assignment, student: User, now: dt.datetime
) -> list[Problem]:
    """Return why the student has no check now. One query."""
    left = self_checks_left(assignment, student, now)
    if not left.is_on:
        return [problem("self_checks_off")]
    if left.left or left.next_at is None:
        return []
    again = moment_words(left.next_at, assignment.course.tz)
    return [problem("no_self_check_left", next=again)]


def _store(
    actor: User, assignment: Assignment, accepted: AcceptedFiles, key: str
) -> SelfCheck:
    made = SelfCheck.objects.create(
        assignment=assignment,
        revision=accepted.revision,
        author=actor,
        asked_at=timezone.now(),
        idempotency_key=key,
        warnings=[warning.as_json() for warning in accepted.warnings],
    )
    SelfCheckFile.objects.bulk_create(
        SelfCheckFile(
            self_check=made,
            name=file.name,
            original_name=file.original_name,
            kind=file.kind,
            sha256=file.sha256,
            size=file.size,
        )
        for file in accepted.files
    )
    return made


def hand_in_checked_files(
    *,
    actor: User,
    self_check: SelfCheck,
    known: Sequence[Problem] = (),
    declared: Declaration = NOT_DECLARED,
) -> GradingRun:
    """Hand in the files of the check as they are stored, and return the run.

    It is an attempt like every other one. It is received now, unless the same files have
    arrived in an attempt that is still open: then that one is handed in by this, with
    the time that counts for it. Handing in again returns the same run. Raises
    SubmissionRefusedError.
    """
    now = timezone.now()
    stored = list(self_check.files.all())
    if not all(file.sha256 for file in stored):
        raise SubmissionRefusedError([problem("files_dropped")])
    opened = _opened_with(actor, self_check.assignment, stored, now)
    received_at = opened.received_at if opened else None
    try:
        with _stored_files(stored) as files:
            run = submit_work(
                actor=actor,
                assignment=self_check.assignment,
                files=files,
                started_at=opened.opened_at if opened else now,
                received_at=received_at or now,
                idempotency_key=f"self-check-{self_check.pk}",
                known=known,
                declared=declared,
            )
    except BlobMissingError as error:
        raise SubmissionRefusedError([problem("files_dropped")]) from error
    SelfCheck.objects.filter(pk=self_check.pk).update(handed_in_as=run.work)
    if opened is not None:
        close_attempt(opened=opened, submission=run.work)
    return run


def _opened_with(
    actor: User,
    assignment: Assignment,
    files: Iterable[SelfCheckFile],
    now: dt.datetime,
) -> OpenedAttempt | None:
    """Return the attempt in which exactly these files have arrived, if it is open."""
    mine = OpenedAttempt.objects.by(actor).unfinished()
    live = mine.filter(assignment=assignment, expires_at__gt=now)
    opened = live.prefetch_related("uploads").first()
    if opened is None or opened.completed_at is None:
        return None
    arrived = {(each.name, each.sha256) for each in opened.uploads.all()}
    return opened if arrived == {(file.name, file.sha256) for file in files} else None


@contextmanager
def _stored_files(files: Iterable[SelfCheckFile]) -> Iterator[list[IncomingFile]]:
    """Open the contents, checked against their hashes, and close them at the end."""
    with ExitStack() as opened:
        yield [
            IncomingFile(
                name=file.name,
                original_name=file.original_name,
                content=opened.enter_context(blob_path(file.sha256).open("rb")),
                size=file.size,
            )
            for file in files
        ]


def _contents(
    files: QuerySet[SelfCheckFile],
) -> QuerySet[SelfCheckFile, tuple[Any, ...]]:
    """Return (student, course, hash, size) of the files whose content is kept."""
    return (
        files.exclude(sha256="")
        .order_by()
        .values_list(
            "self_check__author", "self_check__assignment__course", "sha256", "size"
        )
    )


def kept_check_files(
    student: User, courses: Collection[int]
) -> QuerySet[SelfCheckFile, tuple[Any, ...]]:
    """Return (course, hash, size) of the files that are kept of the student's checks."""
    kept = SelfCheckFile.objects.exclude(sha256="").filter(
        self_check__author=student, self_check__assignment__course__in=courses
    )
    return kept.values_list("self_check__assignment__course", "sha256", "size")


def drop_self_check_files(*, actor: Actor, now: dt.datetime) -> int:
    """Let the files of old checks go, with the executed notebooks; return how many.

    The checks and what they found are kept. The contents then go from the store as all
    content does that no row names. Until then they have reserved room.
    """
    kept_from = now - dt.timedelta(days=settings.SELF_CHECK_DAYS)
    old = SelfCheck.objects.filter(
        ~Q(run__state__in=ACTIVE), dropped_at__isnull=True, asked_at__lt=kept_from
    )
    keys = list(old.order_by().values_list("pk", flat=True))
    for first in range(0, len(keys), _AT_ONCE):
        some = keys[first : first + _AT_ONCE]
        with transaction.atomic():
            files = SelfCheckFile.objects.filter(self_check__in=some)
            keep_room_of_checks(_contents(files), now)
            files.update(sha256="")
            # The record of the inputs repeats the hashes.
            GradingRun.objects.filter(self_check__in=some).update(
                executed_sha256="", record={}, progress={}
            )
            SelfCheck.objects.filter(pk__in=some).update(dropped_at=now)
    return len(keys)
