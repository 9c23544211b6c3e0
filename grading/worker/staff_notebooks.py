"""What a job contains of the revision's own notebooks: the hand-out and definitions."""

from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

from courses.handouts import notebook_part, read_notebook_part
from courses.models import RevisionFile
from formats.assignment import (
    Definitions,
    check_key,
    definitions_of,
    foreign_key,
    make_handout,
    rebound_in_cells,
    related_in_cells,
    source_of,
)
from formats.choices import Part
from runner.protocol.jobs import HandoutCell
from runner.protocol.placement import cell_id, cell_name, fingerprint

# The largest number of cells of a notebook that is run.
_CELLS: Final = 5000


def staff_definitions(parts: Sequence[RevisionFile]) -> Definitions:
    """Return the names that the staff's own notebook defines."""
    part = notebook_part(parts, Part.STAFF)
    return Definitions() if part is None else _definitions(part.sha256)


def handout_cells(
    parts: Sequence[RevisionFile], keys: Collection[str]
) -> tuple[HandoutCell, ...]:
    """Return the cells of the hand-out, or of one made from the staff's notebook.

    `keys` are those of the questions that are checked by tests.
    """
    for kind in (Part.HANDOUT, Part.STAFF):
        part = notebook_part(parts, kind)
        if part is not None:
            staff = notebook_part(parts, Part.STAFF)
            is_staff = kind == Part.STAFF
            return _cells(
                part.sha256,
                frozenset(keys),
                staff=None if staff is None else staff.sha256,
                is_staff=is_staff,
            )
    return ()


@lru_cache(maxsize=64)
def _definitions(sha256: str) -> Definitions:
    return definitions_of(read_notebook_part(sha256))


@lru_cache(maxsize=64)
def _cells(
    sha256: str, keys: frozenset[str], *, staff: str | None, is_staff: bool
) -> tuple[HandoutCell, ...]:
    notebook = read_notebook_part(sha256)
    handout = make_handout(notebook) if is_staff else notebook
    solved = [] if staff is None else read_notebook_part(staff)["cells"]
    return tuple(_described_cells(handout["cells"][:_CELLS], keys, solved[:_CELLS]))


def _described_cells(
    cells: Sequence[dict[str, Any]],
    keys: frozenset[str],
    solved: Sequence[dict[str, Any]] = (),
) -> Iterator[HandoutCell]:
    """Yield the job's description of each cell. `solved` is the staff's notebook."""
    sources = [source_of(cell) for cell in cells]
    code = _code(cells)
    rebound = rebound_in_cells(code)
    related = related_in_cells(code, _code(solved))
    for cell, source in zip(cells, sources, strict=True):
        is_code = cell["cell_type"] == "code"
        key = check_key(cell) or foreign_key(cell)
        yield HandoutCell(
            id=cell_id(cell),
            name=cell_name(cell),
            source=fingerprint(source),
            question=key if key in keys and key is not None else "",
            is_code=is_code,
            binds=tuple(sorted(next(rebound))) if is_code else (),
            related=tuple(sorted(next(related))) if is_code else (),
        )


def _code(cells: Sequence[dict[str, Any]]) -> list[str]:
    return [source_of(cell) for cell in cells if cell["cell_type"] == "code"]
