"""Warn of check cells that a notebook repeats, or does not have at all."""

from typing import Final

from formats.assignment import check_key, foreign_key
from formats.findings import (
    Name,
)
from formats.notebook.assignment_context import AssignmentContext
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

    If the hand-out has check cells and the notebook has none, the warning says that
    instead. Never raises: a notebook that cannot be read has no warnings.
    """
    try:
        notebook = read_notebook(data, name=name)
    except NotebookFaultError:
        return ()
    repeated = _found(notebook, context)
    if not repeated and any(context.check_copies[key] for key in context.keys):
        return (problem("check_cells_gone", file=name),)
    warnings: list[Problem] = []
    for key in context.keys:
        cells = repeated.get(key, [])
        if len(cells) > max(1, context.check_copies[key]):
            warnings.append(_warning(key, cells, name))
    return tuple(warnings[:MAX_WARNED])


def _found(notebook: Notebook, context: AssignmentContext) -> dict[str, list[str]]:
    """Return the places of the notebook's check cells, by keys of questions."""
    ours: dict[str, list[str]] = {}
    theirs: dict[str, list[str]] = {}
    for each in context.numbered(notebook):
        if each.cell.kind == "code":
            raw = _as_json(each.cell)
            word = str(each.number) if each.number else each.where.lower()
            for found, key in ((ours, check_key(raw)), (theirs, foreign_key(raw))):
                if key in context.keys and key is not None:
                    found.setdefault(key, []).append(word)
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
