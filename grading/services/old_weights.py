"""Old weights: those of attempts that do not count go after the course's own time.

Only the content goes. Names, sizes, hashes and all results stay. The row says when it
was removed, and the store lets the content go in its own two steps (storage/orphans.py).
"""

import datetime as dt
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Exists, OuterRef

from courses.models import Assignment, Course, RevisionFile
from formats.choices import Counting, FileKind
from grading.models import NO_WORK, GradingRun
from grading.querysets import GradingRunQuerySet
from grading.services.counting import counting_works
from grading.services.regrades import open_regrade
from grading.services.view_times import own_times
from grading.states import ACTIVE, State
from submissions.models import Submission, SubmittedFile

log = structlog.get_logger(__name__)

WEIGHTS: Final = (FileKind.SAFETENSORS, FileKind.STATE_DICT, FileKind.TORCHSCRIPT)


@dataclass(frozen=True, kw_only=True)
class OldWeights:
    """Files whose content would go now, or has gone."""

    files: tuple[SubmittedFile, ...] = ()

    @property
    def size(self) -> int:
        """Their sizes together, in bytes."""
        return sum(file.size for file in self.files)

    @property
    def attempts(self) -> int:
        """How many attempts they belong to."""
        return len({file.submission_id for file in self.files})

    @property
    def digest(self) -> str:
        """A digest, to tell whether it is still what somebody saw; empty if nothing."""
        keys = sorted(file.pk for file in self.files)
        return hashlib.sha256(repr(keys).encode()).hexdigest() if keys else ""


def find_old_weights(*, course: Course, now: dt.datetime) -> OldWeights:
    """Return the weights that the course's rule would remove now. Nothing is written.

    Never those of the attempt that counts, and none of a student whose work is being
    run, or of coursework with an open regrade. Content that another file needs stays.
    """
    if course.weights_days is None:
        return OldWeights()
    before = now - dt.timedelta(days=course.weights_days)
    found: list[SubmittedFile] = []
    for assignment in course.assignments.select_related("course").order_by("pk"):
        if open_regrade(assignment) is None:
            found += _of_assignment(assignment, before, now)
    return OldWeights(files=tuple(found))


def remove_old_weights(*, course: Course, now: dt.datetime) -> OldWeights:
    """Remove the weights that the course's rule lets go, and return them."""
    found = find_old_weights(course=course, now=now)
    gone = [
        file
        for submission, files in _by_attempt(found.files).items()
        if _remove(submission, files, now)
        for file in files
    ]
    removed = OldWeights(files=tuple(gone))
    if gone:
        log.info(
            "old_weights_removed",
            course=course.slug,
            files=len(gone),
            attempts=removed.attempts,
            size=removed.size,
        )
    return removed


def remove_all_old_weights(*, now: dt.datetime) -> OldWeights:
    """Remove the old weights of all courses that have a rule for them."""
    with_rule = Course.objects.exclude(weights_days=None)
    gone: list[SubmittedFile] = []
    for course in with_rule.order_by("pk"):
        gone += remove_old_weights(course=course, now=now).files
    return OldWeights(files=tuple(gone))


def _of_assignment(
    assignment: Assignment, before: dt.datetime, now: dt.datetime
) -> list[SubmittedFile]:
    old = (
        SubmittedFile.objects.kept()
        .filter(
            submission__assignment=assignment,
            submission__received_at__lte=before,
            kind__in=WEIGHTS,
        )
        .select_related("submission__author", "submission__assignment")
        .order_by("submission__author", "submission__attempt", "name")
    )
    files = [(file, (assignment.pk, file.submission.author_id)) for file in old]
    counting = counting_works({owner for _, owner in files})
    active = _runs(assignment).filter(state__in=ACTIVE)
    busy = set(active.values_list("submission__author", flat=True))
    later = GradingRun.objects.filter(
        submission=OuterRef("submission"), number__gt=OuterRef("number")
    )
    for_staff = _runs(assignment).filter(~Exists(later), state=State.NEEDS_STAFF)
    waiting = set(for_staff.values_list("submission", flat=True))
    return _not_shared(
        [
            file
            for file, owner in files
            if file.submission.author_id not in busy
            and file.submission_id not in waiting
            and (run := counting.get(owner, NO_WORK).run) is not None
            and _may_go(file.submission, run, assignment, now)
        ]
    )


def _runs(assignment: Assignment) -> GradingRunQuerySet:
    return GradingRun.objects.filter(submission__assignment=assignment).order_by()


def _may_go(
    attempt: Submission,
    counting: GradingRun,
    assignment: Assignment,
    now: dt.datetime,
) -> bool:
    """Return whether the attempt does not count, and a student may know it.

    SECURITY: where the best attempt counts, hidden checks may have chosen it. So its
    other attempts keep their weights until the student may know which one it is.
    """
    counts = counting.work.attempt
    if assignment.counting == Counting.LATEST:
        return attempt.attempt < counts
    if attempt.attempt == counts:
        return False
    author = attempt.author_id
    return own_times(assignment, author).view(assignment, author, now=now).is_released


def _not_shared(files: list[SubmittedFile]) -> list[SubmittedFile]:
    """Return the files whose content no file needs that stays."""
    hashes = {file.sha256 for file in files}
    going = {file.pk for file in files}
    others = SubmittedFile.objects.kept().filter(sha256__in=hashes).order_by()
    needed = {
        sha256 for pk, sha256 in others.values_list("pk", "sha256") if pk not in going
    }
    parts = RevisionFile.objects.filter(sha256__in=hashes).order_by()
    needed.update(parts.values_list("sha256", flat=True))
    return [file for file in files if file.sha256 not in needed]


def _by_attempt(
    files: Iterable[SubmittedFile],
) -> dict[UUID, list[SubmittedFile]]:
    found: dict[UUID, list[SubmittedFile]] = {}
    for file in files:
        found.setdefault(file.submission_id, []).append(file)
    return found


@transaction.atomic
def _remove(submission: UUID, files: Iterable[SubmittedFile], now: dt.datetime) -> bool:
    """Record that the content was removed; False if the attempt is being run again.

    Whoever queues a run of the attempt locks the same row.
    """
    Submission.objects.select_for_update().get(pk=submission)
    if GradingRun.objects.filter(submission=submission, state__in=ACTIVE).exists():
        return False
    keys = [file.pk for file in files]
    SubmittedFile.objects.kept().filter(pk__in=keys).update(removed_at=now)
    return True
