"""Convert a notebook for the runner: nbformat 4, complete, and without stored outputs.

The original bytes are kept. This makes the text that is run. It depends on the bytes
alone, so the same notebook always gives the same text.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from formats.findings import (
    Name,
)
from formats.notebook.json_text import JsonFaultError, read_json
from formats.notebook.metadata import attachments, cell_metadata, notebook_metadata
from formats.problems import Problem
from formats.submission_words import problem, shown

MAX_CELLS: Final = 2_000
MAX_OUTPUTS: Final = 20_000
MAX_TOLD: Final = 10
MAJOR: Final = 4
OLDEST_MAJOR: Final = 2
MINOR_WITH_IDS: Final = 5
CELL_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
# Kinds of cell. Old kinds map to the kind that they are in format 4.
KINDS: Final = {
    "code": "code",
    "markdown": "markdown",
    "raw": "raw",
    "heading": "markdown",
    "html": "markdown",
}
MAX_HEADING: Final = 6
# Characters that would break a file, a database or the compiler. They are replaced.
NO_TEXT: Final = re.compile("[\0\ud800-\udfff]")


class NotebookFaultError(Exception):
    """The notebook cannot be run. `problems` say why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(", ".join(each.code for each in problems))


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A cell of a notebook of any format, with its source as one text."""

    kind: str
    source: str
    cell_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    attachments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A readable notebook of any format."""

    version: str
    is_old: bool
    metadata: dict[str, Any]
    cells: tuple[Cell, ...]


def readable_notebook(data: bytes) -> str:
    """Return the nbformat-4 JSON text that is run for these bytes.

    Raises NotebookFaultError for bytes that check_notebook refuses.
    """
    return as_text(read_notebook(data, name="notebook"), name="notebook")


def read_notebook(data: bytes, *, name: Name) -> Notebook:
    """Return the notebook in the bytes. Raises NotebookFaultError only."""
    try:
        document = read_json(data, name=name)
    except JsonFaultError as fault:
        raise NotebookFaultError([fault.problem]) from fault
    if not isinstance(document, dict):
        raise NotebookFaultError([_not(name, "it is not a JSON object")])
    major, minor = _version(document, name)
    raw = _raw_cells(document, major, name)
    if major == MAJOR and (minor or 0) > MINOR_WITH_IDS:
        raw = [_known(entry) for entry in raw]
    _check_counts(raw, name)
    faults: list[Problem] = []
    cells = [_cell(entry, number, name, faults) for number, entry in enumerate(raw, 1)]
    if faults:
        raise NotebookFaultError(faults[:MAX_TOLD])
    return Notebook(
        version=str(major) if minor is None else f"{major}.{minor}",
        is_old=major < MAJOR,
        metadata=_object(document.get("metadata")),
        cells=tuple(cell for cell in cells if cell is not None),
    )


def as_text(notebook: Notebook, *, name: Name) -> str:
    """Return the notebook as nbformat-4 JSON text, each cell with an id of its own.

    Raises NotebookFaultError if metadata cannot be written as JSON.
    """
    document = {
        "cells": [
            _entry(cell, cell_id)
            for cell, cell_id in zip(notebook.cells, _ids(notebook.cells), strict=True)
        ],
        "metadata": notebook_metadata(notebook.metadata),
        "nbformat": MAJOR,
        "nbformat_minor": MINOR_WITH_IDS,
    }
    try:
        text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    except (ValueError, RecursionError) as error:
        raise NotebookFaultError(
            [problem("notebook_unrepeatable", file=name)]
        ) from error
    return cleaned(text)


def cleaned(text: str) -> str:
    """Return the text, with � for characters that cannot be stored or run."""
    if text.isascii() and "\0" not in text:
        return text
    return NO_TEXT.sub("\ufffd", text)


def _version(document: dict[str, Any], name: Name) -> tuple[int, int | None]:
    major, minor = document.get("nbformat"), document.get("nbformat_minor")
    if major is None:
        raise NotebookFaultError([_not(name, "it names no notebook format")])
    if type(major) is not int:
        raise NotebookFaultError([_not(name, "its notebook format is not a number")])
    if major < OLDEST_MAJOR:
        version = shown(str(major), 20)
        raise NotebookFaultError(
            [problem("notebook_too_old", file=name, version=version)]
        )
    if major > MAJOR:
        version = shown(str(major), 20)
        raise NotebookFaultError(
            [problem("notebook_too_new", file=name, version=version)]
        )
    return major, minor if type(minor) is int else None


def _raw_cells(document: dict[str, Any], major: int, name: Name) -> list[Any]:
    if major == MAJOR:
        cells = document.get("cells")
        if not isinstance(cells, list):
            raise NotebookFaultError([_not(name, "it has no list of cells")])
        return cells
    worksheets = document.get("worksheets")
    if not isinstance(worksheets, list):
        raise NotebookFaultError([_not(name, "it has no worksheets")])
    sheets = [_object(sheet).get("cells") for sheet in worksheets]
    return [cell for cells in sheets if isinstance(cells, list) for cell in cells]


def _known(entry: Any) -> Any:
    """Return the cell, as raw text if a later nbformat 4 added its kind.

    Such a cell is not run.
    """
    kind = _object(entry).get("cell_type")
    is_known = not isinstance(kind, str) or kind in KINDS
    return entry if is_known else {**entry, "cell_type": "raw"}


def _check_counts(cells: list[Any], name: Name) -> None:
    outputs = sum(
        len(stored)
        for cell in cells
        if isinstance(stored := _object(cell).get("outputs"), list)
    )
    for code, count, limit in (
        ("notebook_cells", len(cells), MAX_CELLS),
        ("notebook_outputs", outputs, MAX_OUTPUTS),
    ):
        if count > limit:
            words = problem(code, file=name, count=f"{count:,}", limit=f"{limit:,}")
            raise NotebookFaultError([words])


def _cell(entry: Any, number: int, name: Name, faults: list[Problem]) -> Cell | None:
    """Return the cell, or None with the fault added."""
    why = ""
    kind = _object(entry).get("cell_type")
    if not isinstance(entry, dict):
        why = "it is not a JSON object"
    elif not isinstance(kind, str) or kind not in KINDS:
        why = f"its type is {shown(repr(kind), 40)}, which no notebook has"
    source = _source(entry) if not why else None
    if source is None:
        why = why or "its source is not text"
        faults.append(problem("notebook_cell", file=name, place=number, why=why))
        return None
    if kind == "heading":
        source = f"{_hashes(entry)} {source}"
    return Cell(
        kind=KINDS[str(kind)],
        source=source,
        cell_id=entry["id"] if isinstance(entry.get("id"), str) else "",
        metadata=_object(entry.get("metadata")),
        attachments=_object(entry.get("attachments")),
    )


def _source(entry: dict[str, Any]) -> str | None:
    """Return a cell's text, or None if it is no text. Old code cells use `input`."""
    source = entry.get("source", entry.get("input", ""))
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    return None


def _hashes(entry: dict[str, Any]) -> str:
    level = entry.get("level")
    return "#" * (level if type(level) is int and 1 <= level <= MAX_HEADING else 1)


def _ids(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield each cell's own id if it is valid and new, or one made from its number."""
    seen: set[str] = set()
    given = {cell.cell_id for cell in cells}
    for number, cell in enumerate(cells, 1):
        cell_id = cell.cell_id
        if cell_id in seen or not CELL_ID.fullmatch(cell_id):
            cell_id = f"cell-{number}"
            while cell_id in seen or cell_id in given:
                cell_id += "-"
        seen.add(cell_id)
        yield cell_id


def _entry(cell: Cell, cell_id: str) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell_id,
        "metadata": cell_metadata(cell.metadata),
        "source": cleaned(cell.source),
    }
    if cell.kind == "code":
        return entry | {"execution_count": None, "outputs": []}
    attached = attachments(cell.attachments)
    return entry | ({"attachments": attached} if attached else {})


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _not(name: Name, why: str) -> Problem:
    return problem("notebook_not", file=name, why=why)
