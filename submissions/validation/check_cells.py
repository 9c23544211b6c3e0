"""Check cells that stand twice in a notebook."""

from collections.abc import Collection, Iterator
from typing import Final

from courses.bundle import check_key, foreign_key
from submissions.messages import problem, shown
from submissions.problems import Name, Problem
from submissions.validation.readable import (
    Cell,
    NotebookFaultError,
    cleaned,
    read_notebook,
)

MAX_WARNED: Final = 5
MAX_NAMED: Final = 5


def find_repeated_checks(
    data: bytes, *, name: Name, keys: Collection[str]
) -> tuple[Problem, ...]:
    """Return a warning for each question with more than one check cell.

    `keys` are those of the questions that are checked by tests. Never raises: a notebook
    that cannot be read has no warnings.
    """
    try:
        notebook = read_notebook(data, name=name)
    except NotebookFaultError:
        return ()
    ours: dict[str, list[int]] = {}
    theirs: dict[str, list[int]] = {}
    for number, cell in notebook.code_cells:
        raw = _as_json(cell)
        for found, key in ((ours, check_key(raw)), (theirs, foreign_key(raw))):
            if key in keys and key is not None:
                found.setdefault(key, []).append(number)
    repeated = {**theirs, **ours}
    warnings = [_warnings(key, repeated.get(key, []), name) for key in keys]
    return tuple(one for each in warnings for one in each)[:MAX_WARNED]


def _as_json(cell: Cell) -> dict[str, object]:
    source = cleaned(cell.source)
    return {"cell_type": "code", "metadata": cell.metadata, "source": source}


def _warnings(key: str, numbers: list[int], name: Name) -> Iterator[Problem]:
    if len(numbers) > 1:
        *named, last = [str(number) for number in numbers[:MAX_NAMED]]
        if len(numbers) > MAX_NAMED:
            named, last = [*named, last], f"{len(numbers) - MAX_NAMED} more"
        cells = f"{', '.join(named)} and {last}"
        yield problem("check_cell_copied", file=name, cells=cells, key=shown(key))
