"""The cells of handed-in work at which comments can stand."""

from collections.abc import Mapping
from typing import Final

from django.db.models import QuerySet

from formats.choices import FileKind
from grading.models import CellComment
from grading.services.marking_refused import MarkingRefusedError
from rendering.cache import RenderedTexts
from rendering.notebooks import NotebookUnreadableError, load_cells
from storage.blobs import BlobMissingError, StoreUnreachableError, read_blob
from submissions.models import Submission

# Of how many notebooks the number of cells is kept.
_KEPT: Final = 2_000
_kept: RenderedTexts[str, int] = RenderedTexts(_KEPT, lambda _, count: 1)


def check_commented_cells(
    submission: Submission | None,
    given: Mapping[int, str],
    *,
    known: QuerySet[CellComment],
) -> None:
    """Raise MarkingRefusedError if a comment is given at a cell that is not there.

    Cells are counted from 1, as they were handed in; a run keeps them. `known` are the
    comments that are stored for the work. One at the same cell as a known comment is
    taken without a look at the notebook, which may be lost by now.
    """
    cells = {cell for cell, text in given.items() if text.strip() and cell > 0}
    if not cells:
        return
    if submission is None:
        raise MarkingRefusedError(
            "Nothing was handed in here, so there is no cell for a comment. Write it as "
            "the comment for the student.",
            for_programs="Nothing was handed in here, so there is no cell for a "
            "comment. Send its words as “comment”.",
        )
    unknown = cells - set(known.order_by().values_list("cell", flat=True))
    if not unknown:
        return
    count = number_of_cells(submission)
    if count is None:
        raise MarkingRefusedError(
            "The notebook cannot be read now, so no comment can be put at a cell of it. "
            "Try again in a few minutes, or write it as the comment for the student."
        )
    beyond = min((cell for cell in unknown if cell > count), default=None)
    if beyond is not None:
        has = f"Attempt {submission.attempt} has {count} cells"
        raise MarkingRefusedError(
            f"{has}, so no comment can stand at cell {beyond}. Put it at another cell, "
            "or write it as the comment for the student.",
            for_programs=f"{has}, so there is no cell {beyond} for a comment. Cells are "
            "counted from 1, text cells too.",
        )


def number_of_cells(submission: Submission) -> int | None:
    """Return how many cells the notebook has, None if it cannot be read. One query."""
    notebooks = submission.files.filter(kind=FileKind.NOTEBOOK, removed_at__isnull=True)
    sha256 = notebooks.order_by().values_list("sha256", flat=True).first()
    if sha256 is None:
        return None
    try:
        return _kept.get(sha256, lambda key: len(load_cells(read_blob(key))))
    except (NotebookUnreadableError, BlobMissingError, StoreUnreachableError):
        return None
