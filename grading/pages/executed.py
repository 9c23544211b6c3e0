"""The page of an executed notebook: its cells, what failed, and what each cell checks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from formats.assignment import check_key
from grading.models import GradingRun
from grading.pages.marked_question import CellWords
from grading.pages.notebook_links import (
    NotebookKey,
    NumberedCells,
    notebook_key,
    numbered_cells,
)
from grading.pages.results import QuestionView, results_view
from grading.visible_results import ShownResults
from rendering.cache import RenderedTexts
from rendering.error_lines import CellLine, with_marked_lines
from rendering.notebooks import (
    MAX_KEPT,
    Bounds,
    Cell,
    NotebookUnreadableError,
    render_cells,
    size_of,
)

# How much of the outputs the page shows, and how much of one cell's if it is asked for.
PAGE: Final = Bounds(text=500_000, images=3 * 1024**2)
WHOLE_CELL: Final = Bounds(output=2_000_000)


@dataclass(frozen=True, kw_only=True)
class ExecutedCell:
    """A cell of an executed notebook, and the number that the run gives it, 0 for none.

    `raised_at` is the line of another cell in which this cell's error was raised.
    `keys` are of the questions that it checks, and `comments` those of markers at it.
    """

    cell: Cell
    number: int
    has_failed: bool
    is_first_failure: bool = False
    raised_at: CellLine | None = None
    keys: Sequence[str] = ()
    results: Sequence[QuestionView] = ()
    comments: Sequence[CellWords] = ()

    @property
    def was_run(self) -> bool:
        """Whether the run has come to the cell."""
        return self.cell.number is not None


@dataclass(frozen=True, kw_only=True)
class ExecutedPage:
    """An executed notebook, or one cell of it with all that it has put out."""

    cells: Sequence[ExecutedCell] = ()
    is_one_cell: bool = False
    fault: str = ""

    @property
    def failed(self) -> Sequence[int]:
        """The numbers of the cells that raised an error."""
        return [each.number for each in self.cells if each.has_failed and each.number]


_kept: RenderedTexts[NotebookKey, Sequence[ExecutedCell]] = RenderedTexts(
    MAX_KEPT, lambda _, cells: size_of([each.cell for each in cells])
)


def executed_page(
    run: GradingRun,
    *,
    shown: ShownResults | None,
    whole: int | None = None,
    comments: Mapping[int, Sequence[CellWords]] | None = None,
) -> ExecutedPage:
    """Return the run's executed notebook with the results that may be shown.

    `whole` is the place of a cell to be shown alone, with all of its outputs. `comments`
    are those of markers by the place of their cell, if they may be shown.
    """
    try:
        if whole is None:
            cells = _kept.get(
                notebook_key(run), lambda _: whole_page(numbered_cells(run))
            )
        else:
            cells = one_cell(numbered_cells(run), whole)
    except NotebookUnreadableError as error:
        return ExecutedPage(fault=str(error))
    questions = results_view(shown).questions if shown else ()
    by_key = {each.question.key: each for each in questions}
    at = comments or {}
    return ExecutedPage(
        cells=[
            replace(
                each,
                results=[by_key[key] for key in each.keys if key in by_key],
                comments=at.get(each.cell.place, ()),
            )
            for each in cells
        ],
        is_one_cell=whole is not None,
    )


def whole_page(notebook: NumberedCells) -> Sequence[ExecutedCell]:
    """Return all cells, rendered, with what failed."""
    return tuple(_executed(notebook, render_cells(notebook.cells, bounds=PAGE)))


def one_cell(notebook: NumberedCells, place: int) -> Sequence[ExecutedCell]:
    """Return the cell of this place alone with all outputs, or no cell if there is none."""
    chosen = notebook.cells[place : place + 1]
    shown = render_cells(chosen, first=place, bounds=WHOLE_CELL)
    return tuple(_executed(notebook, shown))


def _executed(notebook: NumberedCells, shown: Sequence[Cell]) -> Iterable[ExecutedCell]:
    failed = notebook.failed
    raised_at = {each.place: _raised_at(each) for each in shown}
    marked = _failing_lines([each for each in shown if each.place in failed])
    for each in shown:
        at = each.place
        number = notebook.numbers[at] if at >= 0 else 0
        line = raised_at.get(at)
        html = with_marked_lines(each.html, marked.get(number, ())) if number else None
        key = check_key(notebook.cells[at]) if number else None
        yield ExecutedCell(
            cell=each if html is None else replace(each, html=html),
            number=number,
            has_failed=at in failed,
            is_first_failure=bool(failed) and at == failed[0],
            raised_at=line if line and line.number != number else None,
            keys=(key,) if key else (),
        )


def _failing_lines(failed: Iterable[Cell]) -> dict[int, set[int]]:
    """Return the lines to mark by the number of their cell.

    For each cell that failed, these are its own last line in the traceback, and the line
    of another cell in which the error was raised.
    """
    marked: dict[int, set[int]] = {}
    for cell in failed:
        deepest = _raised_at(cell)
        named = [line for each in cell.outputs for line in each.lines]
        own = [line for line in named if line.number == cell.number]
        for line in (*own[-1:], *((deepest,) if deepest else ())):
            marked.setdefault(line.number, set()).add(line.line)
    return marked


def _raised_at(cell: Cell) -> CellLine | None:
    """Return the deepest line of a cell that the cell's last error names."""
    errors = [each for each in cell.outputs if each.kind == "error" and each.lines]
    return errors[-1].lines[-1] if errors else None
