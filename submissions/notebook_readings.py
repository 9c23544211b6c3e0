"""What the checks know of an assignment and of a notebook's code, kept for the next time.

A rush hands in notebooks of the same few revisions, and many are handed in again with
other weights. Everything is kept by its content, so nothing here can be out of date.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from courses.handouts import handout_notebook, notebook_part, restorable_cells
from courses.models import AssignmentRevision
from formats.choices import Part, QuestionKind
from formats.findings import FileName
from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.opened_files import CodeReading, read_code
from rendering.cache import RenderedTexts
from storage.blobs import BlobMissingError, StoreUnreachableError

# In characters of the assignment's cells, and in bytes of notebooks.
_MOST_CONTEXTS: Final = 2_000_000
_MOST_READINGS: Final = 4_000_000
# Parts of a cell that are large and say nothing about its code.
_LARGE: Final = frozenset({"outputs", "attachments"})


@dataclass(frozen=True, kw_only=True)
class KnownContext:
    """What a revision gives its students, and a text by which equal ones are known."""

    context: AssignmentContext
    fingerprint: str


def context_of(revision: AssignmentRevision) -> KnownContext:
    """Return what the revision gives its students.

    If the store has lost the hand-out, or does not answer, it is left out: the student
    is not at fault.
    """
    checked = revision.questions.filter(kind=QuestionKind.AUTO)
    parts = list(revision.files.all())
    without_cells = AssignmentContext(
        keys=tuple(checked.values_list("key", flat=True)),
        skip_tags=tuple(revision.skip_tags),
        parameters=dict(revision.parameters),
        has_gpu=revision.queue == "gpu",
    )
    notebooks = [notebook_part(parts, part) for part in (Part.HANDOUT, Part.STAFF)]
    hashes = [part.sha256 if part else "" for part in notebooks]
    fingerprint = json.dumps([asdict(without_cells), hashes], sort_keys=True)

    def with_cells(_: str) -> AssignmentContext:
        return replace(
            without_cells,
            handout=_cells_of(handout_notebook(parts)),
            given=_cells_of(restorable_cells(parts)),
        )

    try:
        context = _contexts.get(fingerprint, with_cells)
    except (BlobMissingError, StoreUnreachableError):
        return KnownContext(context=without_cells, fingerprint="")
    return KnownContext(context=context, fingerprint=fingerprint)


def code_reading(data: bytes, *, name: FileName, known: KnownContext) -> CodeReading:
    """Return the reading of a notebook's code; that of equal bytes is kept."""
    if not known.fingerprint:
        return read_code(data, name=name, context=known.context)
    key = (hashlib.sha256(data).digest(), len(data), str(name), known.fingerprint)
    return _readings.get(
        key, lambda _: read_code(data, name=name, context=known.context)
    )


def _cells_of(notebook: dict[str, Any] | None) -> Sequence[dict[str, Any]]:
    """Return the notebook's cells without what is large and says nothing of its code."""
    cells = [] if notebook is None else notebook["cells"]
    return [
        {name: value for name, value in cell.items() if name not in _LARGE}
        for cell in cells
    ]


def _context_size(_: str, context: AssignmentContext) -> int:
    cells = (*context.handout, *context.given)
    return sum(len(json.dumps(cell)) for cell in cells)


_contexts: RenderedTexts[str, AssignmentContext] = RenderedTexts(
    _MOST_CONTEXTS, _context_size
)
_readings: RenderedTexts[tuple[bytes, int, str, str], CodeReading] = RenderedTexts(
    _MOST_READINGS, lambda key, _: key[1]
)
