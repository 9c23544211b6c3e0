"""Giving one marking to several students whose answers are alike."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from accounts.models import User
from courses.models import Rubric
from grading.models import Marking
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
    MarkingTarget,
    save_marking,
)
from grading.services.marking_queue import WorkItem
from grading.services.marking_refused import MarkingRefusedError
from submissions.models import Submission

# How many answers get the same at a time. Each takes about 50 queries.
MOST_ALIKE: Final = 50


@dataclass(frozen=True, kw_only=True)
class AlikeWork:
    """Another student's answer, the attempt and version of its marking as they were seen.

    `attempt` is None if it is not known. `cells` says which cell of it, by number, answers to a cell of the first answer.
    """

    item: WorkItem
    attempt: int | None
    version: int
    cells: Mapping[int, int]


@dataclass(frozen=True, kw_only=True)
class NotGiven:
    """An answer whose marking could not be stored, and why."""

    item: WorkItem
    why: str


def mark_alike(
    *,
    actor: User,
    rubric: Rubric,
    works: Iterable[AlikeWork],
    given: GivenMarking,
    like: str,
) -> tuple[list[Marking], list[NotGiven]]:
    """Store the same marking for each of these works, and return which could not be.

    Each is stored by itself, so one that somebody else has changed, or of which another
    attempt counts by now, does not stop the others. `like` is the code of the student whose answer was looked at; it stays in
    the history. Works come from the actor's own queue, so they are theirs to mark.
    Raises PermissionDenied as `save_marking` does.
    """
    stored, failed = [], []
    works = list(works)
    submissions = Submission.objects.select_related("author").in_bulk(
        [work.item.submission for work in works]
    )
    for work in works:
        if work.attempt != work.item.attempt:
            why = f"Attempt {work.item.attempt} is marked now, but you saw another one."
            failed.append(NotGiven(item=work.item, why=why))
            continue
        submission = submissions[work.item.submission]
        target = MarkingTarget(
            rubric=rubric,
            student=submission.author,
            submission=submission,
            stage=work.item.stage,
        )
        try:
            with transaction.atomic():
                marking = save_marking(
                    actor=actor,
                    target=target,
                    given=replace(
                        given, cell_comments=_moved(given.cell_comments, work.cells)
                    ),
                    version=work.version,
                    reason=f"Given with the answer of {like}, which is like this one.",
                )
        except MarkingConflictError as conflict:
            failed.append(NotGiven(item=work.item, why=conflict.summary))
        except MarkingRefusedError as refused:
            failed.append(NotGiven(item=work.item, why=str(refused)))
        else:
            stored.append(marking)
    return stored, failed


def _moved(comments: Mapping[int, str], cells: Mapping[int, int]) -> dict[int, str]:
    """Return the comments at the cells of the other answer, without those at others."""
    return {cells[cell]: text for cell, text in comments.items() if cell in cells}
