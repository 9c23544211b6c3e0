"""A piece of a student's work, from which each contestant's format is made."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question. `test` has statements on the name `asks`; a wrong answer raises."""

    key: str
    points: int
    asks: str
    test: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A cell of the student's, and the question that is checked after it."""

    source: str
    question: Question | None = None


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the student handed in. `earned` is what every grader must give for it."""

    steps: tuple[Step, ...] = ()
    earned: int = 0

    @property
    def questions(self) -> list[Question]:
        return [step.question for step in self.steps if step.question is not None]

    @property
    def sources(self) -> list[str]:
        return [step.source for step in self.steps]

    def ungraded(self) -> "Work":
        """Return the same cells without their questions."""
        return Work(steps=tuple(Step(source=source) for source in self.sources))


def code_cell(
    source: str, metadata: Mapping[str, Any] | None = None
) -> dict[str, object]:
    """Return a code cell that has not run; `to_notebook` gives it its id."""
    return {
        "cell_type": "code",
        "metadata": dict(metadata or {}),
        "outputs": [],
        "execution_count": None,
        "source": source,
    }


def to_notebook(cells: Iterable[Mapping[str, object]]) -> str:
    """Return the cells as a notebook, nbformat 4 JSON text."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    numbered = [{**cell, "id": f"cell-{n}"} for n, cell in enumerate(cells)]
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
            "cells": numbered,
        }
    )


def shown(notebook: str) -> list[tuple[str, list[str]]]:
    """Return what each cell printed, and the kinds of picture it showed."""
    found = []
    for cell in json.loads(notebook)["cells"]:
        outputs = cell.get("outputs", [])
        printed = "".join("".join(one.get("text", "")) for one in outputs)
        kinds = {kind for one in outputs for kind in one.get("data", {})}
        found.append((printed, sorted(kinds)))
    return found
