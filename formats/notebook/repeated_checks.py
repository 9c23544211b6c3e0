"""Warn of check cells that a notebook repeats, has moved down, or does not have."""

from dataclasses import dataclass
from typing import Final

from formats.assignment import check_key, foreign_key
from formats.findings import (
    Name,
)
from formats.notebook.assignment_context import AssignmentContext, without_blanks
from formats.notebook.normalise import (
    Cell,
    Notebook,
    NotebookFaultError,
    cleaned,
    read_notebook,
)
from formats.problems import Problem
from formats.submission_words import problem, shown

MAX_WARNED: Final = 5
MAX_NAMED: Final = 5


def find_repeated_checks(
    data: bytes, *, name: Name, context: AssignmentContext
) -> tuple[Problem, ...]:
    """Return a warning for each question with more check cells than the hand-out has.

    If it has one that was moved below a later cell of the hand-out, the warning says
    that. If the hand-out has check cells and the notebook has none, the only warning
    says that. Never raises: a notebook that cannot be read has no warnings.
    """
    try:
        notebook = read_notebook(data, name=name)
    except NotebookFaultError:
        return ()
    checks = _check_cells(notebook, context)
    if not checks and any(context.check_copies[key] for key in context.keys):
        return (problem("check_cells_gone", file=name),)
    warnings: list[Problem] = []
    for key in context.keys:
        cells = checks.get(key, [])
        words = [each.words for each in cells]
        if len(cells) > max(1, context.check_copies[key]):
            warnings.append(_warning(key, words, name))
        elif any(each.is_moved for each in cells):
            warnings.append(
                problem("check_cell_moved", file=name, cell=words[-1], key=shown(key))
            )
    return tuple(warnings[:MAX_WARNED])


@dataclass(frozen=True)
class _CheckCell:
    """A check cell, in words, and whether a later cell of the hand-out is above it."""

    words: str
    is_moved: bool


def _check_cells(
    notebook: Notebook, context: AssignmentContext
) -> dict[str, list[_CheckCell]]:
    """Return the notebook's check cells, by keys of questions."""
    ours: dict[str, list[_CheckCell]] = {}
    theirs: dict[str, list[_CheckCell]] = {}
    above: set[str] = set()
    for each in context.numbered(notebook):
        if each.cell.kind != "code":
            continue
        raw = _as_json(each.cell)
        words = str(each.number) if each.number else each.where.lower()
        for found, key in ((ours, check_key(raw)), (theirs, foreign_key(raw))):
            if key in context.keys and key is not None:
                later = context.later_texts.get(key, frozenset())
                moved = not above.isdisjoint(later)
                found.setdefault(key, []).append(_CheckCell(words, moved))
        above.add(without_blanks(each.cell.source))
    return {**theirs, **ours}


def _as_json(cell: Cell) -> dict[str, object]:
    source = cleaned(cell.source)
    return {"cell_type": "code", "metadata": cell.metadata, "source": source}


def _warning(key: str, cells: list[str], name: Name) -> Problem:
    *named, last = cells[:MAX_NAMED]
    if len(cells) > MAX_NAMED:
        named, last = [*named, last], f"{len(cells) - MAX_NAMED} more"
    words = f"{', '.join(named)} and {last}"
    return problem("check_cell_copied", file=name, cells=words, key=shown(key))
