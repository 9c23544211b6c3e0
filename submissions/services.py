"""The services that hand in work. They alone store submissions."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from django.db import transaction
from django.db.models import Max, prefetch_related_objects
from django.utils import timezone

from accounts.models import User
from courses.deadlines import deadline_for, is_open
from courses.models import Assignment, AssignmentRevision, Enrolment
from courses.permissions import can_submit
from formats.problems import Problem
from formats.submission_words import problem
from submissions.exceptions import KeyReusedError, SubmissionRefusedError
from submissions.intake import (
    IncomingFile,
    StoredFile,
    check_files,
    sha256_of,
    store_files,
)
from submissions.models import Submission, SubmittedFile

__all__ = [
    "AcceptedFiles",
    "IncomingFile",
    "accept_files",
    "charge_attempt",
    "lock_enrolment",
    "record_submission",
    "refusals_at",
]


@dataclass(frozen=True, kw_only=True)
class AcceptedFiles:
    """The files of one submission, checked against one revision and stored.

    `repeated` is the earlier submission of the same files, or None. If it is set,
    nothing was checked or stored again.
    """

    revision: AssignmentRevision
    received_at: datetime
    files: tuple[StoredFile, ...] = ()
    warnings: tuple[Problem, ...] = ()
    repeated: Submission | None = None


def accept_files(
    *,
    actor: User,
    assignment: Assignment,
    files: Sequence[IncomingFile],
    idempotency_key: str = "",
    installed: Mapping[str, Collection[str]] = MappingProxyType({}),
    known: Sequence[Problem] = (),
    barred: Sequence[Problem] = (),
    received_at: datetime | None = None,
) -> AcceptedFiles:
    """Check the files without executing anything, and store their content.

    Call it outside any transaction: checking and storing large files takes seconds, and
    on SQLite nobody else could write during that time.

    `installed` maps each environment to its modules, as far as they are known. `known`
    are problems of the form itself, which are reported with those of the files.
    `barred` are reasons of the caller's own why this person may not hand in now.

    `received_at` is when the last byte arrived, or now: no student becomes late because
    the portal takes time. Raises SubmissionRefusedError.
    """
    received_at = received_at or timezone.now()
    revision = assignment.revision
    if revision is None:
        raise SubmissionRefusedError([problem("not_published")])
    refusals = [*refusals_at(actor, assignment, received_at), *barred]
    if refusals:
        # The same files, sent again, return their submission even after the deadline.
        repeated = _repeated(actor, assignment, files, idempotency_key)
        if repeated is None:
            raise SubmissionRefusedError(refusals)
        return AcceptedFiles(
            revision=revision, received_at=received_at, repeated=repeated
        )
    # Each check asks for these; the revision does not change.
    prefetch_related_objects([revision], "required_files", "files")
    findings = check_files(files, revision, installed.get(revision.environment))
    problems = [*known, *findings.problems]
    if problems:
        raise SubmissionRefusedError(problems)
    return AcceptedFiles(
        revision=revision,
        received_at=received_at,
        files=store_files(files, revision),
        warnings=findings.warnings,
    )


def record_submission(
    *,
    actor: User,
    assignment: Assignment,
    accepted: AcceptedFiles,
    started_at: datetime,
    idempotency_key: str = "",
    is_key_of_files: bool = False,
) -> Submission:
    """Write the rows of one attempt, in one transaction, and return the submission.

    The student's enrolment is locked until then, so that attempts sent at the same time
    cannot exceed the limit. Raises SubmissionRefusedError. With `is_key_of_files`,
    raises KeyReusedError if the key was sent before with other files.
    """
    if accepted.repeated is not None:
        return accepted.repeated
    hashes = {file.name: file.sha256 for file in accepted.files}
    key = _stored_key(idempotency_key, assignment, hashes)
    with transaction.atomic():
        lock_enrolment(actor, assignment)
        repeated = _with_key(actor, key)
        if repeated is not None:
            return repeated
        if is_key_of_files:
            _check_key_is_new(actor, assignment, idempotency_key)
        # The lecturer may have changed the rules since the upload began.
        current = Assignment.objects.select_related("course").get(pk=assignment.pk)
        refusals = refusals_at(actor, current, accepted.received_at)
        if refusals:
            raise SubmissionRefusedError(refusals)
        return _write_rows(actor, current, accepted, started_at, key)


def _write_rows(
    actor: User,
    assignment: Assignment,
    accepted: AcceptedFiles,
    started_at: datetime,
    key: str,
) -> Submission:
    submission = Submission.objects.create(
        assignment=assignment,
        revision=accepted.revision,
        author=actor,
        attempt=_last_attempt(actor, assignment) + 1,
        started_at=min(started_at, accepted.received_at),
        received_at=accepted.received_at,
        idempotency_key=key,
        warnings=[warning.as_json() for warning in accepted.warnings],
    )
    SubmittedFile.objects.bulk_create(
        SubmittedFile(
            submission=submission,
            name=file.name,
            original_name=file.original_name,
            kind=file.kind,
            sha256=file.sha256,
            size=file.size,
        )
        for file in accepted.files
    )
    return submission


def lock_enrolment(actor: User, assignment: Assignment) -> None:
    """Lock the row that all of the student's submissions to the course share.

    SQLite has no row locks and needs none: a transaction locks the whole file.
    """
    enrolment = Enrolment.objects.active().select_for_update()
    enrolment.filter(course=assignment.course_id, user=actor).first()


def charge_attempt(*, submission_id: UUID, uses_attempt: bool) -> None:
    """Record whether the submission uses up one of its author's attempts.

    It does not if a fault of the portal's own kept it from being run.
    """
    Submission.objects.filter(pk=submission_id).update(uses_attempt=uses_attempt)


def refusals_at(actor: User, assignment: Assignment, at: datetime) -> list[Problem]:
    """Return every reason why the person may not hand this in at that time."""
    if not can_submit(actor, assignment):
        return [problem("not_enrolled")]
    if not _is_released(assignment, at):
        return [problem("not_released")]
    refusals = []
    deadline = deadline_for(assignment, actor)
    if not is_open(deadline, at):
        closed = deadline.stated_closes_at.astimezone(assignment.course.tz)
        refusals.append(problem("closed", closed=f"{closed:%a %d %b %Y, %H:%M %Z}"))
    limit = assignment.max_attempts
    if limit is not None and _attempts_used(actor, assignment) >= limit:
        refusals.append(problem("attempts_used_up", limit=limit))
    return refusals


def _is_released(assignment: Assignment, at: datetime) -> bool:
    releases = (assignment.release_at, assignment.course.release_at)
    return all(release is not None and release <= at for release in releases)


def _attempts_used(actor: User, assignment: Assignment) -> int:
    mine = Submission.objects.by(actor).filter(assignment=assignment)
    return mine.using_attempts().count()


def _last_attempt(actor: User, assignment: Assignment) -> int:
    mine = Submission.objects.by(actor).filter(assignment=assignment)
    return mine.aggregate(last=Max("attempt"))["last"] or 0


def _stored_key(key: str, assignment: Assignment, hashes: Mapping[str, str]) -> str:
    """Return the stored form of an idempotency key, or "" without a key.

    The content is part of it. Otherwise other files sent from the same open page would
    be taken for a repetition and dropped.
    """
    if not key:
        return ""
    parts = [key, str(assignment.pk), *(f"{n}\0{h}" for n, h in sorted(hashes.items()))]
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()


def _with_key(actor: User, key: str) -> Submission | None:
    return (
        Submission.objects.by(actor).filter(idempotency_key=key).first()
        if key
        else None
    )


def _check_key_is_new(actor: User, assignment: Assignment, key: str) -> None:
    """Raise KeyReusedError if an earlier attempt used the key, whatever its files."""
    earlier = Submission.objects.by(actor).filter(assignment=assignment)
    for attempt in earlier.exclude(idempotency_key="").prefetch_related("files"):
        hashes = {file.name: file.sha256 for file in attempt.files.all()}
        if attempt.idempotency_key == _stored_key(key, assignment, hashes):
            raise KeyReusedError(attempt.attempt)


def _repeated(
    actor: User, assignment: Assignment, files: Sequence[IncomingFile], key: str
) -> Submission | None:
    """Return the earlier submission of the same files under the same key, or None."""
    earlier = Submission.objects.by(actor).filter(assignment=assignment)
    if not key or not earlier.exists():
        return None
    hashes = {file.name: sha256_of(file) for file in files}
    return _with_key(actor, _stored_key(key, assignment, hashes))
