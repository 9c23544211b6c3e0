"""Small notebooks and job specs for the runner's tests."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from runner.host.runner import Runner
from runner.protocol.jobs import (
    CheckSpec,
    JobFile,
    JobResult,
    JobSpec,
    QuestionSpec,
    TestStyle,
)

CellLike = str | Mapping[str, Any]


def cell(source: str, *, tags: Sequence[str] = (), question: str = "") -> CellLike:
    metadata: dict[str, Any] = {"tags": list(tags)} if tags else {}
    if question:
        metadata["softmark.question"] = question
    return {"source": source, "metadata": metadata}


def notebook(*cells: CellLike, metadata: Mapping[str, Any] | None = None) -> str:
    raw = []
    for number, one in enumerate(cells):
        given = {"source": one} if isinstance(one, str) else one
        raw.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": {},
                "outputs": [],
                "execution_count": None,
                **given,
            }
        )
    return json.dumps(
        {
            "nbformat": 4,
            "nbformat_minor": 5,
            "metadata": dict(metadata or {}),
            "cells": raw,
        }
    )


def job(*cells: CellLike, **changes: Any) -> JobSpec:
    values: dict[str, Any] = {
        "job_id": "job",
        "environment": "default",
        "notebook": notebook(*cells),
        "notebook_name": "work.ipynb",
    }
    return JobSpec(**{**values, **changes})


def question(key: str, source: str) -> QuestionSpec:
    names = [
        line.split("(")[0].removeprefix("def ")
        for line in source.splitlines()
        if line.startswith("def check")
    ]
    return QuestionSpec(
        key=key, source=source, checks=tuple(CheckSpec(name=name) for name in names)
    )


ANSWER = question("q1", "def check(answer):\n    assert answer == 42\n")


def job_file(path: Path, name: str = "") -> JobFile:
    data = path.read_bytes()
    return JobFile(
        name=name or path.name,
        path=str(path),
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
    )


def outputs(result: JobResult, number: int = 1) -> list[dict[str, Any]]:
    """Return the outputs of code cell `number`, counted from 1."""
    cells = json.loads(result.notebook)["cells"]
    code = [one for one in cells if one["cell_type"] == "code"]
    found: list[dict[str, Any]] = code[number - 1]["outputs"]
    return found


def text(result: JobResult, number: int = 1) -> str:
    """Return all text that code cell `number` printed or returned."""
    parts = []
    for output in outputs(result, number):
        data = output.get("data", {})
        parts.append(output.get("text", "") + data.get("text/plain", ""))
    return "".join(parts)


def scores(result: JobResult) -> dict[str, list[float]]:
    return {
        question.key: [check.score for check in question.checks]
        for question in result.questions
    }


def all_scores(result: JobResult) -> list[float]:
    return [check.score for one in result.questions for check in one.checks]


def messages(result: JobResult) -> list[str]:
    return [check.message for one in result.questions for check in one.checks]


def marked(runner: Runner, notebook: str, *checks: str, **changes: object) -> JobResult:
    """Return the result of tests that are pieces of a notebook."""
    specs = tuple(CheckSpec(name=f"c{n}", source=one) for n, one in enumerate(checks))
    style = changes.pop("style", TestStyle.SCRIPT)
    asked = QuestionSpec(key="q1", style=style, checks=specs)  # type: ignore[arg-type]
    cells = (notebook, cell("# softmark: check q1"))
    return runner.run(job(*cells, questions=(asked,), **changes))


def with_many_files(folder: Path) -> JobSpec:
    """Return a job that checks its files' times and compares two files of one size."""
    files = [folder / f"{number}.csv" for number in range(20)]
    for number, path in enumerate(files):
        path.write_text(f"{number:2}")
    source = (
        "import filecmp\n"
        "def check_times(files, private):\n"
        "    found = [*files.glob('*.csv'), *private.glob('*.csv')]\n"
        "    assert len(found) == 20 == len({int(p.stat().st_mtime) for p in found})\n"
        "def check_same(files, private):\n"
        "    assert filecmp.cmp(files / '9.csv', private / '10.csv')\n"
    )
    placed = [job_file(path) for path in files]
    return job(
        "1",
        questions=(question("q1", source),),
        files=tuple(placed[:10]),
        private_files=tuple(placed[10:]),
    )
