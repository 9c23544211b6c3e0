"""The services that open an attempt whose files arrive in pieces, and drop it.

The order of locks is the same in each of them: the enrolment, the opened attempt, its
uploads. Whoever needs a later one of these, and not an earlier one, begins there. So
two of them never wait for each other.
"""

import datetime as dt
import shutil
import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from accounts.actors import SYSTEM, Actor, actor_user
from accounts.models import User
from courses.models import Assignment
from courses.services.enrolments import lock_enrolment
from courses.wall_clock import moment_words
from formats.declaration import NOT_DECLARED, Declaration
from formats.problems import Problem
from formats.submission_words import clean_file_name, problem, size_in_words
from storage.durable_files import PART
from submissions.exceptions import AttemptHandedInError, SubmissionRefusedError
from submissions.intake import DeclaredFile, check_declared
from submissions.models import OpenedAttempt, Submission, Upload
from submissions.quota import quota_problems
from submissions.services import cannot_hand_in, refusals_at
from submissions.upload_pieces import remove_parts

log = structlog.get_logger(__name__)


def open_attempt(
    *,
    actor: User,
    assignment: Assignment,
    files: Sequence[DeclaredFile],
    opened_at: dt.datetime,
    replaces: uuid.UUID | None = None,
    barred: Sequence[Problem] = (),
    declared: Declaration = NOT_DECLARED,
) -> OpenedAttempt:
    """Declare the files of an attempt, and return it. They cannot be changed later.

    The same files give the same attempt again, so that an interrupted upload goes on.
    If its time has run out, it counts as opened again. What is `declared` last holds;
    for a check of the files, nothing is. A student has at most one attempt at an
    assignment open: `replaces` is one to drop for this one, and files that both have are
    not sent twice. `barred` are the caller's own reasons to refuse. Raises
    SubmissionRefusedError.
    """
    revision = assignment.revision
    if revision is None:
        raise SubmissionRefusedError([cannot_hand_in(assignment)])
    going_on = _unfinished(actor, assignment)
    if going_on is not None and _is_the_same(going_on, files, opened_at):
        # Also when the coursework has closed meanwhile: it counts from its opening.
        return _declare_again(going_on, declared)
    refusals = [*refusals_at(actor, assignment, opened_at), *barred]
    problems = refusals or check_declared(files, revision)
    if problems:
        raise SubmissionRefusedError(problems)
    with transaction.atomic():
        lock_enrolment(actor, assignment.course_id)
        earlier = _unfinished(actor, assignment, is_locked=True)
        if earlier is not None and earlier.expires_at <= opened_at:
            _drop(earlier)
            earlier = None
        if earlier is not None and _keys(earlier.uploads.all()) == _keys(files):
            return _opened_again(_declare_again(earlier, declared), opened_at)
        if earlier is not None and earlier.pk != replaces:
            raise SubmissionRefusedError([_already_open(earlier)])
        _check_room(actor, assignment, files, earlier)
        blank = OpenedAttempt(
            assignment=assignment, author=actor, declared=declared.as_json()
        )
        return _stored(blank, files, opened_at, earlier)


def _unfinished(
    actor: User, assignment: Assignment, *, is_locked: bool = False
) -> OpenedAttempt | None:
    """Return the person's open attempt at the assignment, also an expired one."""
    mine = OpenedAttempt.objects.by(actor).unfinished()
    if is_locked:
        # Before its uploads are touched: see the order at the top.
        mine = mine.select_for_update()
    return mine.filter(assignment=assignment).first()


def _is_the_same(
    opened: OpenedAttempt, files: Sequence[DeclaredFile], at: dt.datetime
) -> bool:
    """Return whether these files are those of the attempt, and its time still runs."""
    return at <= opened.complete_by and _keys(opened.uploads.all()) == _keys(files)


def _keys(
    files: Iterable[DeclaredFile] | Iterable[Upload],
) -> set[tuple[str, int, str]]:
    return {_key(each) for each in files}


def _declare_again(opened: OpenedAttempt, declared: Declaration) -> OpenedAttempt:
    """Return the attempt with what is declared now, if anything is."""
    if declared.statement and opened.declared != declared.as_json():
        opened.declared = declared.as_json()
        # It may have been dropped meanwhile: then there is nothing to write.
        OpenedAttempt.objects.filter(pk=opened.pk).update(declared=opened.declared)
    return opened


def _opened_again(opened: OpenedAttempt, at: dt.datetime) -> OpenedAttempt:
    """Return the attempt, opened anew at this time if its allowance has run out."""
    if at > opened.complete_by:
        _set_times(opened, at)
        opened.save(update_fields=["opened_at", "complete_by", "expires_at"])
    return opened


def _set_times(opened: OpenedAttempt, at: dt.datetime) -> None:
    opened.opened_at = at
    minutes = opened.assignment.upload_minutes
    opened.complete_by = at + dt.timedelta(minutes=minutes)
    lifetime = dt.timedelta(hours=settings.OPENED_HOURS)
    opened.expires_at = max(at + lifetime, opened.complete_by)


def _already_open(opened: OpenedAttempt) -> Problem:
    at = moment_words(opened.opened_at, opened.assignment.course.tz)
    return problem("attempt_open", opened=at)


def _check_room(
    actor: User,
    assignment: Assignment,
    files: Sequence[DeclaredFile],
    replaced: OpenedAttempt | None,
) -> None:
    """Raise SubmissionRefusedError if the files are too much for quota or disk.

    The enrolment is locked, so that attempts opened at the same time are all counted.
    """
    declared = sum(file.size for file in files)
    open_now = OpenedAttempt.objects.by(actor).unfinished()
    if replaced is not None:
        open_now = open_now.exclude(pk=replaced.pk)
    others = Upload.objects.filter(
        attempt__in=open_now.filter(assignment__course=assignment.course_id)
    )
    wanted = declared + (others.aggregate(sum=Sum("size"))["sum"] or 0)
    limit = settings.MAX_OPENED_BYTES
    if wanted > limit:
        refusal = problem(
            "opened_too_large",
            wanted=size_in_words(wanted),
            limit=size_in_words(limit),
        )
        raise SubmissionRefusedError([refusal])
    problems = quota_problems(actor, assignment.course, files, replaced=replaced)
    if problems:
        raise SubmissionRefusedError(problems)
    if shutil.disk_usage(settings.FILE_UPLOAD_TEMP_DIR).free < declared:
        log.error("store_fault", code="store_full", error="no room for an upload")
        raise SubmissionRefusedError([problem("store_full")])


def _stored(
    opened: OpenedAttempt,
    files: Sequence[DeclaredFile],
    opened_at: dt.datetime,
    replaced: OpenedAttempt | None,
) -> OpenedAttempt:
    """Write the rows, with what has arrived of the same files, and drop the rest."""
    kept: dict[tuple[str, int, str], Upload] = {}
    if replaced is not None:
        wanted = _keys(files)
        uploads = {_key(each): each for each in replaced.uploads.all()}
        kept = {key: each for key, each in uploads.items() if key in wanted}
        _drop(replaced, keep=kept.values())
    _set_times(opened, opened_at)
    opened.save(force_insert=True)
    Upload.objects.bulk_create(_row(opened, file, kept) for file in files)
    log.info(
        "attempt_opened",
        opened=str(opened.pk),
        assignment=opened.assignment_id,
        person=opened.author_id,
        size=sum(file.size for file in files),
    )
    return opened


def _key(file: DeclaredFile | Upload) -> tuple[str, int, str]:
    return file.name, file.size, file.sha256


def _row(
    opened: OpenedAttempt,
    file: DeclaredFile,
    kept: Mapping[tuple[str, int, str], Upload],
) -> Upload:
    """Return the row of a declared file. It has the name and bytes of a kept upload."""
    earlier = kept.get(_key(file))
    return Upload(
        id=uuid.uuid4() if earlier is None else earlier.pk,
        attempt=opened,
        name=file.name,
        original_name=clean_file_name(file.original_name) or file.name,
        size=file.size,
        sha256=file.sha256,
        offset=0 if earlier is None else earlier.offset,
        completed_at=None if earlier is None else earlier.completed_at,
    )


def drop_attempt(*, actor: Actor, opened: OpenedAttempt) -> None:
    """Drop the attempt and its bytes. Raises AttemptHandedInError if it was handed in."""
    with transaction.atomic():
        found = (
            OpenedAttempt.objects.unfinished().select_for_update().filter(pk=opened.pk)
        ).first()
        if found is None:
            raise AttemptHandedInError
        _drop(found)
    person = actor_user(actor)
    log.info(
        "attempt_dropped", opened=str(opened.pk), person=person.pk if person else None
    )


def _drop(opened: OpenedAttempt, keep: Iterable[Upload] = ()) -> None:
    """Delete the rows now and, once that is certain, the files that are not kept."""
    kept = {each.pk for each in keep}
    uploads = [each for each in opened.uploads.all() if each.pk not in kept]
    opened.delete()
    transaction.on_commit(lambda: remove_parts(uploads))


def close_attempt(*, opened: OpenedAttempt, submission: Submission) -> None:
    """Record that the attempt has become the submission, and delete its part files."""
    with transaction.atomic():
        OpenedAttempt.objects.filter(pk=opened.pk).update(submission=submission)
        uploads = list(opened.uploads.all())
        transaction.on_commit(lambda: remove_parts(uploads))


def discard_expired_attempts(*, now: dt.datetime) -> int:
    """Drop attempts that have expired, and delete part files that no upload needs.

    Return how many files were deleted on this machine.
    """
    expired = OpenedAttempt.objects.unfinished().filter(expires_at__lte=now)
    for opened in expired:
        with suppress(AttemptHandedInError):
            drop_attempt(actor=SYSTEM, opened=opened)
    return _remove_stray_parts()


def _remove_stray_parts() -> int:
    paths = {
        key: path
        for path in Path(settings.FILE_UPLOAD_TEMP_DIR).glob(f"*{PART}")
        if (key := _upload_of(path)) is not None
    }
    needed = Upload.objects.filter(pk__in=paths, attempt__submission=None)
    strays = paths.keys() - set(needed.values_list("pk", flat=True))
    for key in strays:
        paths[key].unlink(missing_ok=True)
    return len(strays)


def _upload_of(path: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(path.stem)
    except ValueError:
        return None
