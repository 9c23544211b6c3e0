"""The services that hand in work. They alone store submissions."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max, prefetch_related_objects
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from accounts.models import User
from courses.deadlines import deadline_for, is_open
from courses.models import Assignment, AssignmentRevision
from courses.permissions import can_submit
from courses.services.enrolments import lock_enrolment
from courses.wall_clock import moment_words
from formats.declaration import NOT_DECLARED, Declaration, declare
from formats.problems import Problem
from formats.submission_words import problem
from submissions.exceptions import KeyReusedError, SubmissionRefusedError
from submissions.intake import (
    DeclaredFile,
    IncomingFile,
    StoredFile,
    check_files,
    sha256_of,
    store_files,
)
from submissions.models import OnBehalf, ReceiptMail, Submission, SubmittedFile
from submissions.quota import contents_of, quota_problems
from submissions.reserved_room import RoomKeys, give_room_back, take_room

__all__ = [
    "AcceptedFiles",
    "IncomingFile",
    "StaffEntry",
    "accept_files",
    "cannot_hand_in",
    "charge_attempt",
    "declaration_of",
    "end_of_wait",
    "next_attempt_at",
    "record_submission",
    "refusals_at",
    "stored_key",
]


@dataclass(frozen=True, kw_only=True)
class StaffEntry:
    """What staff say of work that they hand in for a student: a row of OnBehalf.

    `stated_at` is when they got the work, if that is the time that counts.
    """

    entered_by: User
    entered_at: datetime
    reason: str
    stated_at: datetime | None = None
    uses_attempt: bool = True

    @property
    def received_at(self) -> datetime:
        """The time that counts."""
        return self.stated_at or self.entered_at


@dataclass(frozen=True, kw_only=True)
class AcceptedFiles:
    """The files of one submission, checked against one revision and stored.

    `room` was taken for the content: whoever writes the rows gives it back in the same
    transaction. `repeated` is the earlier submission of the same files, or None. If it
    is set, nothing was checked or stored again.
    """

    revision: AssignmentRevision
    received_at: datetime
    files: tuple[StoredFile, ...] = ()
    room: RoomKeys = ()
    warnings: tuple[Problem, ...] = ()
    repeated: Submission | None = None


def declaration_of(
    assignment: Assignment, answers: Mapping[str, str]
) -> tuple[Declaration, list[Problem]]:
    """Return what somebody declares who confirms the assignment's statement.

    `answers` are by the keys of its questions. Every problem of them comes with it.
    """
    return declare(assignment.statement, assignment.asked, answers)


def cannot_hand_in(assignment: Assignment) -> Problem:
    """Return why nobody can hand in coursework that has no published revision."""
    return problem(
        "nothing_to_hand_in" if assignment.has_entered_marks else "not_published"
    )


def accept_files(
    *,
    actor: User,
    assignment: Assignment,
    files: Sequence[IncomingFile],
    idempotency_key: str = "",
    is_key_of_files: bool = False,
    installed: Mapping[str, Collection[str]] = MappingProxyType({}),
    known: Sequence[Problem] = (),
    barred: Sequence[Problem] = (),
    received_at: datetime | None = None,
    entry: StaffEntry | None = None,
) -> AcceptedFiles:
    """Check the files without executing anything, and store their content.

    Call it outside any transaction: checking and storing large files takes seconds, and
    on SQLite nobody else could write during that time.

    `installed` maps each environment to its modules, as far as they are known. `known`
    are problems of the form itself, which are reported with those of the files.
    `barred` are reasons of the caller's own why this person may not hand in now.

    `received_at` is when the last byte arrived, or now: no student becomes late because
    the portal takes time. `entry` is what staff say who hand in for the actor: no
    deadline and no limit then refuses the work. Raises SubmissionRefusedError.
    """
    received_at = received_at or timezone.now()
    revision = assignment.revision
    if revision is None:
        raise SubmissionRefusedError([cannot_hand_in(assignment)])
    refusals = [*_refusals(actor, assignment, received_at, entry), *barred]
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
    if problems := [*known, *findings.problems]:
        lacking = quota_problems(actor, assignment.course, files)
        raise SubmissionRefusedError([*problems, *lacking])
    contents = contents_of(files)
    if is_key_of_files:
        _check_key(actor, assignment, idempotency_key, contents)
    room = take_room(actor, assignment.course, contents)
    return AcceptedFiles(
        revision=revision,
        received_at=received_at,
        files=_stored(files, revision, room),
        room=room,
        warnings=findings.warnings,
    )


def _stored(
    files: Sequence[IncomingFile], revision: AssignmentRevision, room: RoomKeys
) -> tuple[StoredFile, ...]:
    """Store the files, and give back the room of those that could not be stored."""
    stored: list[StoredFile] = []
    try:
        for file in files:
            stored += store_files([file], revision)
    finally:
        give_room_back(room[len(stored) :])
    return tuple(stored)


def record_submission(
    *,
    actor: User,
    assignment: Assignment,
    accepted: AcceptedFiles,
    started_at: datetime,
    idempotency_key: str = "",
    is_key_of_files: bool = False,
    declared: Declaration = NOT_DECLARED,
    entry: StaffEntry | None = None,
) -> Submission:
    """Write the rows of one attempt, in one transaction, and return the submission.

    The student's enrolment is locked until then, so that attempts sent at the same time
    cannot exceed the limit. `entry` is what staff say who hand in for the actor.
    Raises SubmissionRefusedError. With `is_key_of_files`, raises KeyReusedError if the
    key was sent before with other files.
    """
    if accepted.repeated is not None:
        return accepted.repeated
    hashes = {file.name: file.sha256 for file in accepted.files}
    key = stored_key(idempotency_key, assignment, hashes)
    with transaction.atomic():
        lock_enrolment(actor, assignment.course_id)
        repeated = _with_key(actor, key)
        if repeated is not None:
            give_room_back(accepted.room)
            return repeated
        if is_key_of_files:
            _check_key_is_new(actor, assignment, idempotency_key)
        # The lecturer may have changed the rules since the upload began.
        current = Assignment.objects.select_related("course").get(pk=assignment.pk)
        refusals = [
            *_refusals(actor, current, accepted.received_at, entry),
            *quota_problems(actor, current.course, accepted.files),
        ]
        if refusals:
            raise SubmissionRefusedError(refusals)
        give_room_back(accepted.room)
        submission = _write_rows(
            actor,
            current,
            accepted,
            started_at=min(started_at, accepted.received_at),
            idempotency_key=key,
            declared=declared.as_json(),
            uses_attempt=entry is None or entry.uses_attempt,
            entry=entry,
        )
        if entry is not None:
            OnBehalf.objects.create(submission=submission, **vars(entry))
        return submission


def _write_rows(
    actor: User,
    assignment: Assignment,
    accepted: AcceptedFiles,
    *,
    entry: StaffEntry | None,
    **more: Any,
) -> Submission:
    submission = Submission.objects.create(
        assignment=assignment,
        revision=accepted.revision,
        author=actor,
        attempt=_last_attempt(actor, assignment) + 1,
        received_at=accepted.received_at,
        # Nobody waits because staff enter work that they got earlier.
        handed_in_at=timezone.now() if entry is None else None,
        warnings=[warning.as_json() for warning in accepted.warnings],
        **more,
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
    ReceiptMail.objects.create(submission=submission)
    return submission


def charge_attempt(*, submission_id: UUID, uses_attempt: bool) -> None:
    """Record whether the submission uses up one of its author's attempts.

    It does not if a fault of the portal's own kept it from being run, and never if
    staff said so when they handed it in.
    """
    rows = Submission.objects.filter(pk=submission_id)
    if uses_attempt:
        rows = rows.exclude(on_behalf__uses_attempt=False)
    rows.update(uses_attempt=uses_attempt)


def _refusals(
    actor: User, assignment: Assignment, at: datetime, entry: StaffEntry | None
) -> list[Problem]:
    """Return the reasons against work of this person, or against work that staff enter."""
    if entry is None:
        return refusals_at(actor, assignment, at)
    return [] if can_submit(actor, assignment) else [problem("not_enrolled")]


def refusals_at(actor: User, assignment: Assignment, at: datetime) -> list[Problem]:
    """Return every reason why the person may not hand this in at that time."""
    if not can_submit(actor, assignment):
        return [problem("not_enrolled")]
    if not _is_released(assignment, at):
        return [problem("not_released")]
    refusals = []
    deadline = deadline_for(assignment, actor)
    if not is_open(deadline, at):
        closed = moment_words(deadline.stated_closes_at, assignment.course.tz)
        refusals.append(problem("closed", closed=closed))
    limit = assignment.max_attempts
    if limit is not None and _attempts_used(actor, assignment) >= limit:
        refusals.append(problem("attempts_used_up", limit=limit))
    again_at = next_attempt_at(actor, assignment)
    if again_at is not None and timezone.now() < again_at:
        again = moment_words(again_at, assignment.course.tz)
        minutes = assignment.cooldown_minutes
        wait = "1 minute" if minutes == 1 else f"{minutes} minutes"
        words = f"Between two attempts at this coursework you must wait {wait}."
        hint = f"You can hand in the next one from {again}."
        refusals.append(Problem(code="cooldown", message=words, hint=hint))
    return refusals


def next_attempt_at(actor: User, assignment: Assignment) -> datetime | None:
    """Return when the person may hand in again, in whole minutes; None for at once.

    The wait begins when the last attempt was handed in. It is compared with the present
    and not with the time that counts: an upload that was opened before may be handed in
    once the wait is over, and still counts from its opening.
    """
    if not assignment.cooldown_minutes:
        return None
    mine = Submission.objects.by(actor).filter(assignment=assignment)
    last = mine.using_attempts().aggregate(last=Max(_begins_wait()))["last"]
    return last and end_of_wait(last, assignment.cooldown_minutes)


def _begins_wait() -> Greatest:
    """Return `Submission.begins_wait_at` in SQL."""
    handed_in = Coalesce("handed_in_at", "received_at")
    return Greatest("received_at", handed_in)


def end_of_wait(last: datetime, minutes: int) -> datetime:
    """Return the end of the wait after an attempt, rounded up to a whole minute."""
    ends = last + timedelta(minutes=minutes)
    whole = ends.replace(second=0, microsecond=0)
    return whole if whole == ends else whole + timedelta(minutes=1)


def _is_released(assignment: Assignment, at: datetime) -> bool:
    releases = (assignment.release_at, assignment.course.release_at)
    return all(release is not None and release <= at for release in releases)


def _attempts_used(actor: User, assignment: Assignment) -> int:
    mine = Submission.objects.by(actor).filter(assignment=assignment)
    return mine.using_attempts().count()


def _last_attempt(actor: User, assignment: Assignment) -> int:
    mine = Submission.objects.by(actor).filter(assignment=assignment)
    return mine.aggregate(last=Max("attempt"))["last"] or 0


def stored_key(key: str, assignment: Assignment, hashes: Mapping[str, str]) -> str:
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


def _check_key(
    actor: User, assignment: Assignment, key: str, files: Sequence[DeclaredFile]
) -> None:
    """Raise KeyReusedError before other files under the key are stored."""
    hashes = {file.name: file.sha256 for file in files}
    if _with_key(actor, stored_key(key, assignment, hashes)) is None:
        _check_key_is_new(actor, assignment, key)


def _check_key_is_new(actor: User, assignment: Assignment, key: str) -> None:
    """Raise KeyReusedError if an earlier attempt used the key, whatever its files."""
    earlier = Submission.objects.by(actor).filter(assignment=assignment)
    for attempt in earlier.exclude(idempotency_key="").prefetch_related("files"):
        hashes = {file.name: file.sha256 for file in attempt.files.all()}
        if attempt.idempotency_key == stored_key(key, assignment, hashes):
            raise KeyReusedError(attempt.attempt)


def _repeated(
    actor: User, assignment: Assignment, files: Sequence[IncomingFile], key: str
) -> Submission | None:
    """Return the earlier submission of the same files under the same key, or None."""
    earlier = Submission.objects.by(actor).filter(assignment=assignment)
    if not key or not earlier.exists():
        return None
    hashes = {file.name: sha256_of(file) for file in files}
    return _with_key(actor, stored_key(key, assignment, hashes))
