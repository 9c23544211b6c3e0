"""The answers of students to a question, and which of them are alike."""

import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.db.models import prefetch_related_objects

from courses.handouts import handout_notebook
from courses.models import AssignmentRevision
from formats.assignment.answer_cells import answer_places
from formats.choices import FileKind
from formats.notebook.cell_changes import added_places, source_text
from formats.notebook.like_texts import NEARLY, AnswerText, likeness
from grading.services.marking_queue import WorkItem
from rendering.cache import RenderedTexts
from rendering.notebooks import NotebookUnreadableError, load_cells
from storage.blobs import BlobMissingError, StoreUnreachableError, read_blob
from submissions.models import SubmittedFile

# The most words of all answers that are kept for the next comparison.
_MOST_WORDS: Final = 400_000
_NO_TEXT: Final = AnswerText(())


class _NoHandoutError(Exception):
    """The revision has no hand-out."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A student's cells of a question: their places, from 0, and their text."""

    places: tuple[int, ...] = ()
    text: AnswerText = _NO_TEXT


Answers = Mapping[str, Answer]
# By the notebook, the questions and the hand-out.
_kept: RenderedTexts[tuple[str, frozenset[str], str], Answers] = RenderedTexts(
    _MOST_WORDS,
    lambda _, answers: 50 + sum(len(each.text.words) for each in answers.values()),
)

# The most characters of all hand-outs that are kept.
_MOST_HANDOUTS: Final = 4_000_000
_kept_handouts: RenderedTexts[str, list[Any]] = RenderedTexts(
    _MOST_HANDOUTS,
    lambda _, cells: 100 + sum(len(source_text(each)) for each in _sound(cells)),
)


@dataclass(frozen=True, kw_only=True)
class LikeAnswers:
    """Whose answers are like one, and how many of all have been compared.

    `is_handout` means that the answer is what students were given. `by_files` means that
    the hashes of whole files were compared.
    """

    identical: tuple[WorkItem, ...] = ()
    nearly: tuple[WorkItem, ...] = ()
    compared: int = 0
    total: int = 0
    is_handout: bool = False
    by_files: bool = False

    @property
    def is_complete(self) -> bool:
        """Whether all answers have been compared."""
        return self.compared == self.total


def submitted_notebooks(submissions: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the hash of each submission's notebook. One query."""
    files = SubmittedFile.objects.filter(
        submission__in=set(submissions) - {None},
        kind=FileKind.NOTEBOOK,
        removed_at__isnull=True,
    )
    return dict(files.order_by().values_list("submission", "sha256"))


def answers_in(
    sha256: str, keys: Collection[str], revision: AssignmentRevision | None
) -> Answers:
    """Return the answers in a notebook that was handed in, by the questions' keys.

    There are none in a notebook that cannot be read now. The student started from the
    hand-out of the revision. One query unless that is kept.
    """
    key = (sha256, frozenset(keys), handout_key(revision))
    try:
        return _kept.get(key, lambda _: _answers(sha256, keys, revision))
    except (NotebookUnreadableError, BlobMissingError, StoreUnreachableError):
        return {}


def like_answers(
    item: WorkItem,
    others: Iterable[WorkItem],
    *,
    keys: Collection[str],
    revision: AssignmentRevision,
    seconds: float,
) -> LikeAnswers:
    """Return the items with an answer that is identical or nearly so.

    One query; one more if answers are of other revisions than this one, and one for each
    hand-out that is not kept.
    Only the text of the question's cells is compared: neither other cells nor outputs.
    After so many seconds, the other answers are left for the next call, since what was
    read is kept. Items with another rubric or of another marking are left out.
    """
    candidates = [each for each in others if can_be_alike(item, each)]
    notebooks = submitted_notebooks(each.submission for each in (item, *candidates))
    revisions = revisions_of(
        (each.revision for each in (item, *candidates)), known=revision
    )
    answer = _answer_of(item, notebooks, keys, revisions)
    if answer.text.is_empty:
        return LikeAnswers()
    until = time.monotonic() + seconds
    found: dict[bool, list[WorkItem]] = {True: [], False: []}
    compared = 0
    for each in candidates:
        if time.monotonic() >= until:
            break
        compared += 1
        other = _answer_of(each, notebooks, keys, revisions)
        ratio = likeness(answer.text, other.text)
        if ratio >= NEARLY:
            found[ratio == 1].append(each)
    given = handout_answers(revision, keys).get(item.key)
    return LikeAnswers(
        identical=tuple(found[True]),
        nearly=tuple(found[False]),
        compared=compared,
        total=len(candidates),
        is_handout=given is not None and given.text.has_same_words(answer.text),
    )


def handout_answers(revision: AssignmentRevision, keys: Collection[str]) -> Answers:
    """Return what students were given in the place of each answer. One query."""
    return _answers_of(handout_cells(revision), keys)


def handout_cells(revision: AssignmentRevision) -> list[Any]:
    """Return the cells of the hand-out, none if it cannot be read now.

    One query unless they are kept. A revision never gets another hand-out.
    """
    try:
        return _kept_handouts.get(
            handout_key(revision), lambda _: _handout_cells(revision)
        )
    except (_NoHandoutError, BlobMissingError, StoreUnreachableError):
        return []


def handout_key(revision: AssignmentRevision | None) -> str:
    """Return what tells hand-outs apart, empty without a revision."""
    if revision is None:
        return ""
    return f"{revision.pk} {revision.bundle_sha256} {revision.created_at.timestamp()}"


def _handout_cells(revision: AssignmentRevision) -> list[Any]:
    # Without a hand-out this is asked for every answer. The files stay with the revision.
    prefetch_related_objects([revision], "files")
    notebook = handout_notebook(list(revision.files.all()))
    if notebook is None:
        raise _NoHandoutError
    # Nobody compares outputs, which may be large.
    return [{**cell, "outputs": []} for cell in _sound(notebook["cells"])]


def revisions_of(
    keys: Iterable[int], *, known: AssignmentRevision
) -> dict[int, AssignmentRevision]:
    """Return the revisions with these ids. One query if others than the known one."""
    others = set(keys) - {known.pk}
    found = AssignmentRevision.objects.in_bulk(others) if others else {}
    return {known.pk: known, **found}


def places_added_in(
    cells: Sequence[Any], revision: AssignmentRevision | None
) -> frozenset[int]:
    """Return the places of cells that are not from the revision's hand-out. One query."""
    if revision is None:
        return frozenset()
    return added_places(_sound(handout_cells(revision)), _sound(cells))


def can_be_alike(item: WorkItem, other: WorkItem) -> bool:
    """Return whether the other item is comparable: other student, same kind of marking."""
    return (
        other.student != item.student
        and other.submission is not None
        and not other.is_running
        and (other.rubric, other.stage) == (item.rubric, item.stage)
    )


def _answer_of(
    item: WorkItem,
    notebooks: Mapping[UUID, str],
    keys: Collection[str],
    revisions: Mapping[int, AssignmentRevision],
) -> Answer:
    sha256 = notebooks.get(item.submission) if item.submission else None
    found = answers_in(sha256, keys, revisions.get(item.revision)) if sha256 else {}
    return found.get(item.key, Answer())


def _answers(
    sha256: str, keys: Collection[str], revision: AssignmentRevision | None
) -> Answers:
    given = handout_cells(revision) if revision else []
    return _answers_of(load_cells(read_blob(sha256)), keys, given)


def _answers_of(
    cells: list[Any], keys: Collection[str], given: Sequence[Any] = ()
) -> Answers:
    sound = _sound(cells)
    added = added_places(_sound(given), sound)
    return {
        key: Answer(
            places=tuple(places),
            text=AnswerText.of(sound[place] for place in places),
        )
        for key, places in answer_places(sound, keys, added=added).items()
    }


def _sound(cells: Iterable[Any]) -> list[dict[str, Any]]:
    return [each if isinstance(each, dict) else {} for each in cells]
