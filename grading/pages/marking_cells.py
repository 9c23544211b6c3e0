"""A student's notebook for a marker: the question's own cells, and all of it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from courses.models import AssignmentRevision
from formats.assignment.answer_cells import answer_places
from formats.notebook.cell_changes import source_text
from grading.hidden_names import StudentWords, cells_without_names
from grading.models import GradingRun
from grading.pages.executed import (
    ExecutedCell,
    ExecutedPage,
    one_cell,
    whole_page,
)
from grading.pages.notebook_links import NumberedCells, numbered_cells
from grading.services.student_answers import handout_key, places_added_in
from rendering.cache import RenderedTexts
from rendering.notebooks import (
    MAX_KEPT,
    Bounds,
    Cell,
    NotebookUnreadableError,
    load_cells,
    render_cells,
    size_of,
)
from runner.protocol.notebook import UnreadableError, cell_numbers, name_cells
from storage.blobs import BlobMissingError, StoreUnreachableError, read_blob

# How much of the outputs of one question's cells stands on the page.
_QUESTION: Final = Bounds(text=60_000, images=3 * 1024**2)
# The most cells that stand on the page, and that can be named for a comment.
_MOST_CELLS: Final = 60
_MOST_NAMES: Final = 300


@dataclass(frozen=True, kw_only=True)
class AnswerCell:
    """A cell of the answer. `number` counts all cells from 1, as comments do.

    `name` is what pages call it: by its number in the run, or by the cell above it.
    `anchor` is its place in the frame with the whole notebook.
    """

    cell: Cell
    number: int
    name: str
    anchor: str


@dataclass(frozen=True, kw_only=True)
class MarkedNotebook:
    """The notebook that a marker sees. `answers` are the cells of each question.

    `names` are those of the first cells, in order, and `count` is the number of all
    cells. `was_run` is false for a notebook as it was handed in, which is shown if its
    run left none.
    """

    answers: Mapping[str, Sequence[AnswerCell]]
    names: Sequence[str]
    count: int
    was_run: bool = True


_Key = tuple[str, tuple[str, ...], frozenset[str], StudentWords | None, str]
_kept: RenderedTexts[_Key, MarkedNotebook] = RenderedTexts(
    MAX_KEPT,
    lambda _, notebook: (
        10 * len(notebook.names)
        + sum(size_of([row.cell for row in rows]) for rows in notebook.answers.values())
    ),
)


_kept_pages: RenderedTexts[
    tuple[str, tuple[str, ...], StudentWords | None], Sequence[ExecutedCell]
] = RenderedTexts(MAX_KEPT, lambda _, cells: size_of([each.cell for each in cells]))


@dataclass(frozen=True, kw_only=True)
class NotebookSource:
    """Where a marked notebook is stored, and whose names are to be hidden in it.

    `revision` is that of the hand-out from which the student started.
    """

    run: GradingRun | None
    sha256: str
    skip_tags: tuple[str, ...] = ()
    hidden: StudentWords | None = None
    revision: AssignmentRevision | None = field(default=None, repr=False)

    @property
    def was_run(self) -> bool:
        """Whether the run left a notebook with its outputs."""
        return self.run is not None and bool(self.run.executed_sha256)

    @property
    def stored_sha256(self) -> str:
        """The hash of the notebook that is shown, empty if there is none."""
        if self.run is not None and self.run.executed_sha256:
            return self.run.executed_sha256
        return self.sha256


def marked_notebook(source: NotebookSource, keys: Collection[str]) -> MarkedNotebook:
    """Return the notebook with the cells of each question, rendered.

    Raises NotebookUnreadableError. It is kept, also for the other questions.
    """
    key = (
        source.stored_sha256,
        source.skip_tags,
        frozenset(keys),
        source.hidden,
        handout_key(source.revision),
    )
    return _kept.get(key, lambda _: _marked_notebook(source, keys))


def shown_cells(source: NotebookSource) -> NumberedCells:
    """Return the stored cells that the marker may see, with their numbers.

    Raises NotebookUnreadableError.
    """
    return _without_names_of(source, _stored_cells(source))


def _stored_cells(source: NotebookSource) -> NumberedCells:
    if source.was_run and source.run is not None:
        return numbered_cells(source.run)
    return _handed_in(source)


def _without_names_of(source: NotebookSource, notebook: NumberedCells) -> NumberedCells:
    if source.hidden is None:
        return notebook
    # Numbers follow from cells as they were run, so they are found before.
    return NumberedCells(
        cells=cells_without_names(
            notebook.cells, source.hidden, keeps_images=source.was_run
        ),
        numbers=notebook.numbers,
    )


@dataclass(frozen=True, kw_only=True)
class SourceCell:
    """The text of a cell. `cell` counts all cells from 1, as comments do."""

    cell: int
    kind: str
    text: str


def answer_sources(source: NotebookSource, key: str) -> list[SourceCell]:
    """Return the text of the question's cells. Raises NotebookUnreadableError."""
    notebook = _stored_cells(source)
    stored: Sequence[Any] = _without_names_of(source, notebook).cells
    cells = [each if isinstance(each, dict) else {} for each in stored]
    # Names that are hidden could make a cell of the hand-out look new.
    added = places_added_in(notebook.cells, source.revision)
    return [
        SourceCell(
            cell=place + 1,
            kind=str(cells[place].get("cell_type", "")),
            text=source_text(cells[place]),
        )
        for place in answer_places(cells, [key], added=added)[key][:_MOST_CELLS]
    ]


def answer_places_in(source: NotebookSource, key: str) -> frozenset[int]:
    """Return the places of the question's cells. Raises NotebookUnreadableError."""
    stored: Sequence[Any] = _stored_cells(source).cells
    cells = [each if isinstance(each, dict) else {} for each in stored]
    added = places_added_in(cells, source.revision)
    return frozenset(answer_places(cells, [key], added=added)[key])


def whole_notebook(source: NotebookSource, *, whole: int | None = None) -> ExecutedPage:
    """Return all of the notebook for its frame, or one cell with all of its outputs."""
    key = (source.stored_sha256, source.skip_tags, source.hidden)
    try:
        if whole is not None:
            cells = one_cell(shown_cells(source), whole)
        else:
            cells = _kept_pages.get(key, lambda _: whole_page(shown_cells(source)))
    except NotebookUnreadableError as error:
        return ExecutedPage(fault=str(error))
    return ExecutedPage(cells=cells, is_one_cell=whole is not None)


def _handed_in(source: NotebookSource) -> NumberedCells:
    if not source.sha256:
        raise NotebookUnreadableError("There is no notebook.")
    try:
        cells = load_cells(read_blob(source.sha256))
        return NumberedCells(
            cells=cells, numbers=cell_numbers(cells, skip_tags=source.skip_tags)
        )
    except BlobMissingError as error:
        raise NotebookUnreadableError("The file is missing.") from error
    except StoreUnreachableError as error:
        raise NotebookUnreadableError(
            "The portal's files cannot be read now. Try again in a few minutes."
        ) from error
    except (UnreadableError, AttributeError):
        raise NotebookUnreadableError("It has cells that cannot be read.") from None


def _marked_notebook(source: NotebookSource, keys: Collection[str]) -> MarkedNotebook:
    as_stored = _stored_cells(source)
    notebook = _without_names_of(source, as_stored)
    stored: Sequence[Any] = notebook.cells
    cells = [each if isinstance(each, dict) else {} for each in stored]
    names = _told_apart(
        name.words for name in name_cells(cells, skip_tags=source.skip_tags)
    )
    added = places_added_in(as_stored.cells, source.revision)
    places = answer_places(cells, keys, added=added)
    return MarkedNotebook(
        answers={
            key: tuple(_answer(notebook, cells, names, found[:_MOST_CELLS]))
            for key, found in places.items()
        },
        names=names[:_MOST_NAMES],
        count=len(cells),
        was_run=source.was_run,
    )


def _told_apart(names: Iterable[str]) -> list[str]:
    """Return the names with a number behind each that has come before."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found


def _answer(
    notebook: NumberedCells,
    cells: Sequence[dict[str, Any]],
    names: Sequence[str],
    places: Sequence[int],
) -> Sequence[AnswerCell]:
    shown = render_cells([_inline(cells[at]) for at in places], bounds=_QUESTION)
    return [
        AnswerCell(
            cell=cell,
            number=at + 1,
            name=names[at],
            anchor=anchor_of(notebook.numbers[at], at),
        )
        for at, cell in zip(places, shown, strict=True)
    ]


def anchor_of(number: int, place: int) -> str:
    """Return the anchor of a cell in the frame: by its number, if it has one."""
    return f"cell-{number}" if number else f"place-{place}"


def _inline(cell: dict[str, Any]) -> dict[str, Any]:
    """Return the cell without outputs in HTML, for a place outside of a frame.

    SECURITY: HTML of a student is shown in a frame alone, however well it is cleaned:
    with the portal's classes it could look like a part of the page.
    """
    outputs = cell.get("outputs")
    if not isinstance(outputs, list):
        return cell
    return {**cell, "outputs": [_without_html(each) for each in outputs]}


def _without_html(output: Any) -> Any:
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(data, dict) or "text/html" not in data:
        return output
    left = {kind: value for kind, value in data.items() if kind != "text/html"}
    left.setdefault("text/plain", "A table or other HTML: see the whole notebook.")
    return {**output, "data": left}
