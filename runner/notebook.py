"""The notebook: read strictly, planned into steps, and written back with its outputs."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from runner.frames import load_json
from runner.protocol import JobSpec

MAJOR: Final = 4
MAX_CELLS: Final = 5000
_CHECK_LINE: Final = re.compile(r"#\s*softmark:\s*check\s+(\S+)\s*")
_OTHER_KERNELS: Final = re.compile(
    r"(ir|r|julia.*|octave|bash|scala|javascript|sos|c\+*\d*)"
)
_PYTHON: Final = re.compile(r"i?python[\d.]*")


class UnreadableError(Exception):
    """The text is no notebook that we read."""


class LanguageError(Exception):
    """The notebook is in another language. `str` is its name."""


@dataclass(kw_only=True)
class Cell:
    """A code cell: `number` counts them from 1, `raw` is its place in the notebook."""

    number: int
    raw: dict[str, Any]
    source: str
    tags: frozenset[str]
    skipped: bool
    question: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Notebook:
    """A notebook whose stored outputs are gone and whose check cells are the staff's."""

    document: dict[str, Any]
    cells: Sequence[Cell]
    late_questions: Sequence[str]

    def goes_on_after(self, cell: Cell) -> bool:
        """Say whether a cell is to run, or a question to be checked, after this one."""
        later = [one for one in self.cells if one.number > cell.number]
        return bool(cell.question or self.late_questions) or any(
            one.question or not one.skipped for one in later
        )

    def to_json(self) -> str:
        """Return the notebook with the outputs that its cells have now."""
        for cell in self.cells:
            cell.raw["outputs"] = cell.outputs
        text = json.dumps(self.document, ensure_ascii=False, indent=1)
        # A lone half of a surrogate pair is not text that can be stored.
        return text.encode("utf-8", "replace").decode("utf-8") + "\n"


def notebook_of(sources: Sequence[str]) -> str:
    """Return a notebook, nbformat 4 JSON text, with these code cells."""
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
    """Return the spec's notebook ready to run, or raise Unreadable or LanguageError."""
    document = _load(spec.notebook)
    _check_language(document.get("metadata"))
    wanted = {question.key for question in spec.questions}
    cells = list(_code_cells(document["cells"], set(spec.skip_tags)))
    for cell in cells:
        key = _question_of(cell)
        if key in wanted:
            wanted.discard(key)
            cell.question = key
            if key in spec.restored:
                cell.source = cell.raw["source"] = spec.restored[key]
                cell.skipped = not cell.source.strip()
    late = [question.key for question in spec.questions if question.key in wanted]
    return Notebook(document=document, cells=cells, late_questions=late)


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


def _check_language(metadata: object) -> None:
    if not isinstance(metadata, dict):
        return
    kernel = _section(metadata, "kernelspec")
    names = [_section(metadata, "language_info").get("name"), kernel.get("language")]
    for name in names:
        if isinstance(name, str) and name and not _PYTHON.fullmatch(name.lower()):
            raise LanguageError(name[:40])
    kernel_name = "" if any(names) else str(kernel.get("name"))
    if _OTHER_KERNELS.fullmatch(kernel_name.lower()):
        raise LanguageError(kernel_name[:40])


def _section(metadata: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = metadata.get(name)
    return section if isinstance(section, dict) else {}


def _code_cells(raw_cells: Sequence[dict[str, Any]], skip: set[str]) -> Iterator[Cell]:
    number = 0
    for raw in raw_cells:
        if raw.get("cell_type") != "code":
            continue
        number += 1
        source = _text(raw.get("source"))
        tags = _tags(raw)
        raw.update(outputs=[], execution_count=None, source=source)
        yield Cell(
            number=number,
            raw=raw,
            source=source,
            tags=tags,
            skipped=not source.strip() or bool(tags & (skip | {"skip-execution"})),
        )


def _text(source: object) -> str:
    if isinstance(source, str):
        return source
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        return "".join(source)
    raise UnreadableError


def _tags(raw: Mapping[str, Any]) -> frozenset[str]:
    tags = _section(raw, "metadata").get("tags")
    if not isinstance(tags, list):
        return frozenset()
    return frozenset(tag for tag in tags if isinstance(tag, str))


def _question_of(cell: Cell) -> str:
    metadata = _section(cell.raw, "metadata")
    for key in (
        _section(metadata, "softmark").get("question"),
        metadata.get("softmark.question"),
    ):
        if isinstance(key, str):
            return key
    first = cell.source.lstrip().split("\n", 1)[0]
    found = _CHECK_LINE.fullmatch(first)
    return found[1] if found else ""
