"""What a person gave for a question, ready to lay out: items, words, comments at cells."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.safestring import SafeString

from formats.assignment.rubric import Starts
from grading.models import CountingWork, GradingRun, Marking
from grading.services.feedback import counting_markings
from rendering.markdown import render_markdown


@dataclass(frozen=True, kw_only=True)
class ChosenItem:
    """A chosen item of the rubric, and the points that it adds or takes."""

    words: SafeString
    points: Decimal


@dataclass(frozen=True, kw_only=True)
class ChosenGroup:
    """The chosen items of a group. `bounded` are its points where a bound holds."""

    title: str
    items: Sequence[ChosenItem]
    bounded: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class CellWords:
    """A comment at a cell. `pk` is the comment's own id, for its anchor.

    `cell` is the place of the cell from 1, counting all cells of the notebook. `number`
    is the one that the run has given it, 0 for a cell that is not run, and None if the
    notebook has no such cell or cannot be read. `attempt` is the attempt that was marked.
    """

    pk: int
    cell: int
    words: SafeString
    question: str = ""
    number: int | None = 0
    attempt: int | None = None

    @property
    def label(self) -> str:
        """How the cell is called on the page."""
        if self.number is None:
            of_attempt = f" of attempt {self.attempt}" if self.attempt else ""
            return f"Cell {self.cell}{of_attempt}"
        return f"Cell {self.number}" if self.number else "A text cell"

    @property
    def is_missing(self) -> bool:
        """Whether the notebook has no such cell to go to."""
        return self.number is None


@dataclass(frozen=True, kw_only=True)
class MarkedQuestion:
    """How the points of a question that a person marked come about.

    `starts` are the points from which the items are added or taken, None for 0. `cut`
    are the points of the question where items and adjustment add up to more, or to less
    than 0; otherwise it is None. It never says who has marked.
    """

    starts: Decimal | None
    groups: Sequence[ChosenGroup]
    adjustment: Decimal
    comment: SafeString
    cells: Sequence[CellWords]
    cut: Decimal | None = None

    @property
    def is_explained(self) -> bool:
        """Whether there is more than the points."""
        return bool(self.groups or self.adjustment or self.comment or self.cells)


def marked_question(
    marking: Marking,
    *,
    title: str,
    numbers: Sequence[int] = (),
    attempt: int | None = None,
) -> MarkedQuestion:
    """Return what the marking says to the student.

    `numbers` are those of the cells of the executed notebook, by their places, and
    `attempt` is the attempt that was marked.
    """
    rubric = marking.rubric
    is_full = rubric.starts == Starts.FULL and rubric.groups.all()
    comment = marking.comment.strip()
    return MarkedQuestion(
        starts=rubric.points if is_full else None,
        groups=tuple(_groups(marking)),
        adjustment=marking.adjustment,
        comment=render_markdown(comment) if comment else SafeString(),
        cells=tuple(cell_words(marking, title=title, numbers=numbers, attempt=attempt)),
        cut=None if marking.points == marking.total else marking.points,
    )


def cell_words(
    marking: Marking,
    *,
    title: str,
    numbers: Sequence[int] = (),
    attempt: int | None = None,
) -> Iterable[CellWords]:
    """Yield the comments at cells in their order."""
    for each in marking.cell_comments.all():
        place = each.cell - 1
        yield CellWords(
            pk=each.pk,
            cell=each.cell,
            words=render_markdown(each.text),
            question=title,
            number=numbers[place] if place < len(numbers) else None,
            attempt=attempt,
        )


def comments_at_cells(run: GradingRun) -> dict[int, list[CellWords]]:
    """Return the comments of the markings that count, by the cell's place from 0.

    The caller has asked `may_see_feedback`.
    """
    work = run.work
    markings, _ = counting_markings(work.assignment, work.author, CountingWork(run=run))
    titles = {each.key: each.title for each in run.revision.questions.all()}
    found: dict[int, list[CellWords]] = {}
    for key, marking in markings.items():
        for each in marked_question(marking, title=titles.get(key, key)).cells:
            found.setdefault(each.cell - 1, []).append(each)
    return found


def _groups(marking: Marking) -> Iterable[ChosenGroup]:
    chosen = {item.pk for item in marking.items.all()}
    for group in marking.rubric.groups.all():
        items = [item for item in group.items.all() if item.pk in chosen]
        if not items:
            continue
        earned = group.rules().earned(chosen)
        plain = sum((item.points for item in items), Decimal(0))
        yield ChosenGroup(
            title=group.title,
            items=tuple(
                ChosenItem(words=render_markdown(item.text), points=item.points)
                for item in items
            ),
            bounded=None if earned == plain else earned,
        )
