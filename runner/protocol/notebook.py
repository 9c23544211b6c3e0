"""The notebook: it is read strictly, split into cells, and written with its outputs."""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, TypeGuard

from runner.protocol.jobs import JobSpec
from runner.protocol.placement import (
    Placement,
    StudentCell,
    cell_id,
    cell_name,
    code_cell_at,
    fingerprint,
)
from runner.wire.frames import MAX_FRAME, FrameError, dump_json, load_json, pack

MAJOR: Final = 4
MAX_CELLS: Final = 5000
# The tag of a cell that is never run, wherever it is opened.
NOT_RUN: Final = "skip-execution"
# The most bytes that a character of a cell takes up in a frame.
_WIDEST: Final = 6
_CHECK_LINE: Final = re.compile(r"#\s*softmark:\s*check\s+(\S+)\s*")
_PYTHON: Final = re.compile(r"i?python[ \d.]*", re.IGNORECASE)
# Kernels of other languages, for notebooks that name none. Any other kernel may well be
# Python.
_OTHER_KERNELS: Final = re.compile(
    r"ir|r|julia.*|scala.*|almond|bash|javascript|deno|ijavascript|octave|matlab|sos"
    r"|xcpp.*|c\+*\d*|rust|evcxr|gophernotes|\.net-.*",
    re.IGNORECASE,
)
# The languages that editors write while no kernel has been chosen.
_UNSAID: Final = frozenset(("plaintext", "text", "unknown"))


class UnreadableError(Exception):
    """The text is not a notebook that we can read."""


class CellTooLongError(Exception):
    """A cell is too long to be sent to the job. `number` is the cell's (see Cell)."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"cell {number} is too long")


class LanguageError(Exception):
    """The notebook is in another language. `str` is its name."""


@dataclass(kw_only=True)
class Cell:
    """A code cell: `number` is its In [n], `raw` is its object in the notebook.

    The number is the one that Jupyter shows after "Restart and run all": it counts the
    code cells that are run, from 1. It is 0 for a cell that is skipped. Pages, warnings,
    limits, tracebacks and the executed notebook all use this number.

    `question` is the question that the cell checks. `placed` are other questions that are
    tested after it, because the hand-out had their check cells here.
    """

    number: int
    raw: dict[str, Any]
    source: str
    tags: frozenset[str]
    question: str = ""
    placed: list[str] = field(default_factory=list)
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def skipped(self) -> bool:
        """Whether the cell is not run."""
        return not self.number

    @property
    def questions(self) -> tuple[str, ...]:
        """The questions that are tested when the cell has run."""
        return (*((self.question,) if self.question else ()), *self.placed)


@dataclass(frozen=True, kw_only=True)
class CellName:
    """The name of a cell for readers, in `words` that can begin a sentence.

    `number` is its number in the run, 0 for a cell that is not run (see Cell).
    """

    number: int
    words: str

    @property
    def within(self) -> str:
        """The words for the middle of a sentence."""
        return self.words[:1].lower() + self.words[1:]


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A notebook without its stored outputs, and with the staff's own check cells.

    `early_questions` are tested before the first cell, because the cells above their
    check cells are gone. `late_questions` are tested after the last cell, because their
    place is not known.
    """

    document: dict[str, Any]
    cells: Sequence[Cell]
    late_questions: Sequence[str]
    early_questions: Sequence[str] = ()

    def goes_on_after(self, cell: Cell) -> bool:
        """Return whether a cell runs, or a question is checked, after this cell."""
        place = next(n for n, one in enumerate(self.cells, 1) if one is cell)
        later = self.cells[place:]
        return bool(cell.questions or self.late_questions) or any(
            one.questions or not one.skipped for one in later
        )

    @property
    def cells_with_code(self) -> int:
        """The number of code cells that are not empty, those with a skip tag included."""
        return sum(bool(cell.number or cell.source.strip()) for cell in self.cells)

    def to_json(self) -> str:
        """Return the notebook with the outputs that its cells have now."""
        for cell in self.cells:
            cell.raw["outputs"] = cell.outputs
        # Without indentation, which costs a line of many blanks for each number in an
        # output: outputs are charged with the bytes that they take up here.
        return dump_json(self.document).decode() + "\n"


def notebook_of(sources: Sequence[str]) -> str:
    """Return a notebook with these code cells, as nbformat 4 JSON text."""
    cells: list[dict[str, Any]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [],
            "execution_count": None,
        }
        for number, source in enumerate(sources)
    ]
    return json.dumps(
        {"nbformat": MAJOR, "nbformat_minor": 5, "metadata": {}, "cells": cells}
    )


def read_notebook(spec: JobSpec) -> Notebook:
    """Return the spec's notebook, ready to run.

    Raises UnreadableError, CellTooLongError, LanguageError or TestsUnreadableError.
    """
    document = _load(spec.notebook)
    language = other_language(document.get("metadata"))
    if language:
        raise LanguageError(language[:40])
    cells = list(_code_cells(document["cells"], spec))
    notebook = Notebook(
        document=document, cells=cells, late_questions=[], early_questions=[]
    )
    return _place_questions(notebook, spec)


def _place_questions(notebook: Notebook, spec: JobSpec) -> Notebook:
    """Return the notebook with its questions noted at the cells that they follow."""
    raw_cells, cells = notebook.document["cells"], notebook.cells
    marks = {id(cell.raw): _question_of(cell.raw, cell.source) for cell in cells}
    known = [_known(raw, marks.get(id(raw), "")) for raw in raw_cells]
    placement = Placement(spec, known)
    code = [place for place, raw in enumerate(raw_cells) if id(raw) in marks]
    early, late = [], []
    for question in spec.questions:
        places = placement.places(question)
        numbers = [code_cell_at(code, place) for place in places]
        at = [cells[number] for number in numbers if number >= 0]
        if not places:
            late.append(question.key)
        elif len(at) < len(places):
            early.append(question.key)
        for cell in at:
            if marks[id(cell.raw)] == question.key:
                cell.question = question.key
            else:
                cell.placed.append(question.key)
        _restore(at, question.key, spec)
    return replace(notebook, early_questions=early, late_questions=late)


def _restore(at: Sequence[Cell], key: str, spec: JobSpec) -> None:
    """Put the staff's own source into the first check cell of the question."""
    first = next((cell for cell in at if cell.question == key), None)
    if first is not None and key in spec.restored:
        first.source = first.raw["source"] = spec.restored[key]


def _known(raw: Mapping[str, Any], question: str) -> StudentCell:
    source = raw.get("source")
    text = "".join(source) if _is_lines(source) else source
    return StudentCell(
        id=cell_id(raw),
        name=cell_name(raw),
        source=fingerprint(text) if isinstance(text, str) else "",
        question=question,
    )


def _load(text: str) -> dict[str, Any]:
    try:
        document = load_json(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableError from error
    if not isinstance(document, dict) or document.get("nbformat") != MAJOR:
        raise UnreadableError
    cells = document.get("cells")
    if not isinstance(cells, list) or len(cells) > MAX_CELLS:
        raise UnreadableError
    if not all(isinstance(cell, dict) for cell in cells):
        raise UnreadableError
    return document


def other_language(metadata: object) -> str:
    """Return the language of a notebook with this metadata, or "" if it is Python.

    The name of a kernel says nothing about Python, but a language does. Uploads and
    runs share this rule.
    """
    metadata = metadata if isinstance(metadata, dict) else {}
    kernel = _section(metadata, "kernelspec")
    language = _section(metadata, "language_info").get("name") or kernel.get("language")
    if not isinstance(language, str) or language.lower() in _UNSAID:
        named = kernel.get("name")
        is_other = isinstance(named, str) and _OTHER_KERNELS.fullmatch(named)
        language = str(named) if is_other else "python"
    return "" if _PYTHON.fullmatch(language) else language


def _section(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = metadata.get(name)
    return section if isinstance(section, dict) else {}


def _code_cells(raw_cells: Sequence[dict[str, Any]], spec: JobSpec) -> Iterator[Cell]:
    numbers = cell_numbers(raw_cells, skip_tags=spec.skip_tags, restored=spec.restored)
    for raw, number in zip(raw_cells, numbers, strict=True):
        if raw.get("cell_type") != "code":
            continue
        source = _text(raw.get("source"))
        if not _fits_frame(number, source):
            raise CellTooLongError(number)
        raw.update(outputs=[], execution_count=None, source=source)
        yield Cell(number=number, raw=raw, source=source, tags=_tags(raw))


def cell_numbers(
    raw_cells: Sequence[Mapping[str, Any]],
    *,
    skip_tags: Collection[str] = (),
    restored: Mapping[str, str] = MappingProxyType({}),
) -> list[int]:
    """Return the number of each cell, 0 for a cell that is not run (see Cell).

    A cell is run if it is code, holds more than white space and has no tag that says
    otherwise. The check cell of a question whose source is `restored` is also run if the
    student has emptied it. Imports, uploads and runs all number cells by this rule.
    """
    skipping = {*skip_tags, NOT_RUN}
    last, numbers = 0, []
    for raw in raw_cells:
        runs = raw.get("cell_type") == "code" and skipping.isdisjoint(_tags(raw))
        source = _text(raw.get("source")) if runs else ""
        runs = bool(source.strip() or (runs and _restored(raw, source, restored)))
        last += runs
        numbers.append(last if runs else 0)
    return numbers


def name_cells(
    raw_cells: Sequence[Mapping[str, Any]],
    *,
    skip_tags: Collection[str] = (),
    restored: Mapping[str, str] = MappingProxyType({}),
) -> list[CellName]:
    """Return the name of each cell: by its number, or by the cell above it.

    Imports and uploads both name cells by this rule. The arguments are those of
    `cell_numbers`.
    """
    numbers = cell_numbers(raw_cells, skip_tags=skip_tags, restored=restored)
    last, names = 0, []
    for raw, number in zip(raw_cells, numbers, strict=True):
        last = number or last
        kind = "skipped" if raw.get("cell_type") == "code" else "text"
        words = f"The {kind} cell below cell {last}"
        if number:
            words = f"Cell {number}"
        elif not last:
            words = f"A {kind} cell at the top"
        names.append(CellName(number=number, words=words))
    return names


def _restored(raw: Mapping[str, Any], source: str, texts: Mapping[str, str]) -> str:
    """Return the source that replaces a cell with this source, or ""."""
    return texts.get(_question_of(raw, source), "").strip()


def cell_frame(number: int, source: str) -> dict[str, object]:
    """Return the frame that tells the job to run a cell."""
    return {"t": "cell", "cell": number, "source": source}


def _fits_frame(number: int, source: str) -> bool:
    if len(source) * _WIDEST < MAX_FRAME // 2:
        return True
    try:
        pack(cell_frame(number, source))
    except FrameError:
        return False
    return True


def _text(source: object) -> str:
    if isinstance(source, str):
        return source
    if _is_lines(source):
        return "".join(source)
    raise UnreadableError


def _is_lines(source: object) -> TypeGuard[list[str]]:
    return isinstance(source, list) and all(isinstance(line, str) for line in source)


def _tags(raw: Mapping[str, Any]) -> frozenset[str]:
    tags = _section(raw, "metadata").get("tags")
    if not isinstance(tags, list):
        return frozenset()
    return frozenset(tag for tag in tags if isinstance(tag, str))


def _question_of(raw: Mapping[str, Any], source: str) -> str:
    metadata = _section(raw, "metadata")
    for key in (
        _section(metadata, "softmark").get("question"),
        metadata.get("softmark.question"),
    ):
        if isinstance(key, str):
            return key
    first = source.lstrip().split("\n", 1)[0]
    found = _CHECK_LINE.fullmatch(first)
    return found[1] if found else ""
