"""The cells of an executed notebook that failed, for staff."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from grading.models import GradingRun
from grading.pages.notebook_links import notebook_content
from rendering.notebooks import Cell, NotebookUnreadableError, read_cells

MOST_SHOWN: Final = 5


@dataclass(frozen=True, kw_only=True)
class FailedCell:
    """A cell that raised an error. `number` is the one that its notebook shows."""

    number: int | None
    source: SafeString
    errors: tuple[SafeString, ...]


@dataclass(frozen=True, kw_only=True)
class Failures:
    """The first cells that raised an error, and how many further ones did."""

    cells: tuple[FailedCell, ...] = ()
    more: int = 0

    @property
    def count(self) -> int:
        return len(self.cells) + self.more


def executed_cells(run: GradingRun) -> Sequence[Cell]:
    """Return the cells of the run's executed notebook.

    Raises NotebookUnreadableError, with words for the reader.
    """
    return read_cells(notebook_content(run))


def failures_of(run: GradingRun) -> Failures:
    """Return the cells that raised an error; none if there is no readable notebook."""
    if not run.executed_sha256:
        return Failures()
    try:
        cells = executed_cells(run)
    except NotebookUnreadableError:
        return Failures()
    failed = [found for cell in cells if (found := _failed(cell)).errors]
    return Failures(
        cells=tuple(failed[:MOST_SHOWN]), more=max(0, len(failed) - MOST_SHOWN)
    )


def _failed(cell: Cell) -> FailedCell:
    errors = tuple(each.html for each in cell.outputs if each.kind == "error")
    return FailedCell(number=cell.number, source=cell.html, errors=errors)
