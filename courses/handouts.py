"""The notebook that students start from: the hand-out of one revision."""

import json
from collections.abc import Sequence
from typing import Any

from courses.models import RevisionFile
from formats.assignment import make_handout
from formats.choices import Part
from storage.blobs import read_blob


def restorable_cells(parts: Sequence[RevisionFile]) -> dict[str, Any] | None:
    """Return the cells that are put back where a student's notebook lacks them.

    None if the revision has no staff notebook. SECURITY: they are the cells of the
    hand-out, and for cells that it lacks, those of the staff's notebook without its
    solutions. A student reads the notebook that was run, so the staff's own text is
    never put into it.
    """
    staff = notebook_part(parts, Part.STAFF)
    if staff is None:
        return None
    handout = notebook_part(parts, Part.HANDOUT)
    cells = [] if handout is None else read_notebook_part(handout.sha256)["cells"]
    made = make_handout(read_notebook_part(staff.sha256))["cells"]
    return {"cells": [*cells, *made]}


def handout_notebook(parts: Sequence[RevisionFile]) -> dict[str, Any] | None:
    """Return the hand-out, or one made from the staff's notebook, or None."""
    handout = notebook_part(parts, Part.HANDOUT)
    if handout is not None:
        return read_notebook_part(handout.sha256)
    staff = notebook_part(parts, Part.STAFF)
    return None if staff is None else make_handout(read_notebook_part(staff.sha256))


def notebook_part(parts: Sequence[RevisionFile], kind: Part) -> RevisionFile | None:
    """Return the first notebook of this part, or None."""
    notebooks = (
        part for part in parts if part.part == kind and part.name.endswith(".ipynb")
    )
    return next(notebooks, None)


def read_notebook_part(sha256: str) -> dict[str, Any]:
    """Return the notebook with this content. Raises BlobMissingError."""
    found: dict[str, Any] = json.loads(read_blob(sha256).decode("utf-8-sig"))
    return found
