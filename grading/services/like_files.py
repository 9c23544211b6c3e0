"""Answers that are files: which of them are identical."""

from collections.abc import Iterable
from uuid import UUID

from grading.services.marking_queue import WorkItem
from grading.services.student_answers import LikeAnswers, can_be_alike
from submissions.models import SubmittedFile

Contents = frozenset[tuple[str, str]]


def like_files(item: WorkItem, others: Iterable[WorkItem]) -> LikeAnswers:
    """Return the items whose files are all identical, by name and hash. One query.

    Nothing is read, so a report that was only saved again is not found.
    """
    candidates = [each for each in others if can_be_alike(item, each)]
    contents = _contents_of(each.submission for each in (item, *candidates))
    own = _of(contents, item)
    same = tuple(each for each in candidates if own and _of(contents, each) == own)
    return LikeAnswers(
        identical=same,
        compared=len(candidates),
        total=len(candidates),
        by_files=True,
    )


def _of(contents: dict[UUID, Contents], item: WorkItem) -> Contents:
    return (
        contents.get(item.submission, frozenset()) if item.submission else frozenset()
    )


def _contents_of(submissions: Iterable[UUID | None]) -> dict[UUID, Contents]:
    """Return the names and hashes of each submission's files."""
    rows = SubmittedFile.objects.filter(submission__in=set(submissions) - {None})
    found: dict[UUID, set[tuple[str, str]]] = {}
    for submission, name, sha256 in rows.order_by().values_list(
        "submission", "name", "sha256"
    ):
        found.setdefault(submission, set()).add((name, sha256))
    return {submission: frozenset(files) for submission, files in found.items()}
