"""Links to a run's executed notebook, and its stored cells by their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from formats.assignment import check_key
from grading.models import GradingRun
from rendering.cache import RenderedTexts
from rendering.notebooks import NotebookUnreadableError, load_cells
from runner.protocol.notebook import UnreadableError, cell_numbers
from storage.blobs import BlobMissingError, StoreUnreachableError, read_blob

# The most places at which a question is tested: see runner.protocol.placement.
_MOST_PLACES: Final = 3
# How many runs' links are kept.
_KEPT: Final = 500
# A cell with this tag may raise an error.
_MAY_RAISE: Final = "raises-exception"


@dataclass(frozen=True, kw_only=True)
class NotebookLinks:
    """Where a run's executed notebook is shown, and which cells are linked to.

    `questions` has the numbers of each question's check cells, `failed` those of the
    cells that raised an error. Cells have the numbers from 1 to `cells`.
    """

    url: str
    questions: Mapping[str, Sequence[int]] = field(default_factory=dict)
    failed: Sequence[int] = ()
    cells: int = 0

    @property
    def opened_url(self) -> str:
        """The address that opens the notebook at the first cell that failed."""
        return self.cell_url(self.failed[0]) if self.failed else self.url

    def cell_url(self, number: int) -> str:
        """Return the address that opens the notebook at a cell."""
        return f"{self.url}#cell-{number}"


@dataclass(frozen=True, kw_only=True)
class NumberedCells:
    """The stored cells of an executed notebook with their numbers."""

    cells: Sequence[dict[str, Any]]
    numbers: Sequence[int]

    @property
    def failed(self) -> list[int]:
        """The places of the cells that raised an error that they may not raise."""
        return [place for place, cell in enumerate(self.cells) if _has_failed(cell)]


NotebookKey = tuple[str, tuple[str, ...]]
_kept: RenderedTexts[NotebookKey, NotebookLinks] = RenderedTexts(
    _KEPT, lambda _, links: 1
)


def notebook_links(run: GradingRun, *, url: str) -> NotebookLinks | None:
    """Return the links to the run's executed notebook, or None if it has none.

    `url` is where it is shown. Without a readable notebook, no cell is linked to.
    """
    if not run.executed_sha256:
        return None

    def found(_: NotebookKey) -> NotebookLinks:
        notebook = numbered_cells(run)
        numbers, cells = notebook.numbers, notebook.cells
        questions: dict[str, list[int]] = {}
        for number, cell in zip(numbers, cells, strict=True):
            if number and (key := check_key(cell)):
                questions.setdefault(key, []).append(number)
        return NotebookLinks(
            url=url,
            questions={key: _first_and_last(each) for key, each in questions.items()},
            failed=[numbers[place] for place in notebook.failed if numbers[place]],
            cells=max(numbers, default=0),
        )

    try:
        # A notebook may belong to several runs: results are copied.
        return replace(_kept.get(notebook_key(run), found), url=url)
    except NotebookUnreadableError:
        return NotebookLinks(url=url)


def notebook_key(run: GradingRun) -> NotebookKey:
    """Return what the numbered cells of the run's executed notebook follow from."""
    return run.executed_sha256, tuple(run.revision.skip_tags)


def numbered_cells(run: GradingRun) -> NumberedCells:
    """Return the stored cells with the numbers that the run has given them.

    Raises NotebookUnreadableError.
    """
    cells = load_cells(notebook_content(run))
    try:
        numbers = cell_numbers(cells, skip_tags=run.revision.skip_tags)
    except (UnreadableError, AttributeError):
        raise NotebookUnreadableError("It has cells that cannot be read.") from None
    return NumberedCells(cells=cells, numbers=numbers)


def _has_failed(cell: Mapping[str, Any]) -> bool:
    outputs, metadata = cell.get("outputs"), cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    if isinstance(tags, list) and _MAY_RAISE in tags:
        return False
    return isinstance(outputs, list) and any(
        isinstance(each, dict) and each.get("output_type") == "error"
        for each in outputs
    )


def _first_and_last(numbers: Sequence[int]) -> Sequence[int]:
    if len(numbers) <= _MOST_PLACES:
        return tuple(numbers)
    return (numbers[0], *numbers[1 - _MOST_PLACES :])


def notebook_content(run: GradingRun) -> bytes:
    """Return the run's executed notebook as it is stored.

    Raises NotebookUnreadableError, with words for the reader.
    """
    try:
        return read_blob(run.executed_sha256)
    except BlobMissingError as error:
        raise NotebookUnreadableError("The file is missing.") from error
    except StoreUnreachableError as error:
        raise NotebookUnreadableError(
            "The portal's files cannot be read now. Try again in a few minutes."
        ) from error
