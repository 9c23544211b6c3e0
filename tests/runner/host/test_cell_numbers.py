"""A cell has one number: the In [n] of Jupyter after "Restart and run all"."""

import json
from typing import Any

import pytest

from formats.notebook.assignment_context import AssignmentContext
from formats.notebook.opened_files import find_missing_files
from grading.messages import describe_end
from runner.host.runner import Runner
from runner.protocol.jobs import CellStarted, Event, JobResult, JobSpec, Limits
from tests.runner.notebooks import ANSWER, cell, job, notebook, outputs

pytestmark = pytest.mark.torch

FAILS = "a = 1\nopen('missing.csv')"
DEAF = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"


def counts(result: JobResult) -> list[int | None]:
    """Return the cell numbers that the executed notebook shows."""
    cells: list[dict[str, Any]] = json.loads(result.notebook)["cells"]
    return [one["execution_count"] for one in cells]


def told_at_upload(spec: JobSpec) -> str:
    """Return the warnings of the upload, before the notebook runs."""
    given = json.loads(notebook(cell(spec.restored["q1"], question="q1")))["cells"]
    (found,) = find_missing_files(
        spec.notebook.encode(),
        name="work.ipynb",
        present=(),
        context=AssignmentContext(keys=("q1",), given=given, skip_tags=spec.skip_tags),
    )
    return found.message


def told_after(result: JobResult) -> str:
    """Return what pages, API and mails say about the run's end."""
    return describe_end(result.verdict, result.code, result.detail).text


def test_all_messages_about_a_cell_use_the_same_number(runner: Runner) -> None:
    events: list[Event] = []
    skipped = cell("1", tags=["skip-execution"])
    check = cell(" ", question="q1")
    spec = job(
        *("", skipped, "# comment", check, FAILS, "\n"),
        questions=(ANSWER,),
        restored={"q1": "# softmark: check q1"},
    )
    result = runner.run(spec, on_event=events.append)
    assert counts(result) == [None, None, 1, 2, 3, None]
    assert result.detail["cell"] == 3
    assert "In[3]" in "".join(outputs(result, 5)[0]["traceback"])
    assert (
        told_at_upload(spec) == "Cell 3 opens “missing.csv”, which was not handed in."
    )
    assert "first in cell 3: FileNotFoundError" in told_after(result)
    started = [event for event in events if isinstance(event, CellStarted)]
    assert [(one.cell, one.cells) for one in started] == [(1, 4), (2, 4), (3, 4)]
    assert (result.measures.cells_run, result.measures.cells_total) == (3, 4)


def test_empty_cells_are_not_counted_as_cells_that_did_not_run(runner: Runner) -> None:
    measures = runner.run(job("print(1)", "", " \n")).measures
    assert (measures.cells_run, measures.cells_total) == (1, 1)


def test_a_fresh_process_continues_the_cell_numbers(runner: Runner) -> None:
    limits = Limits(cell_seconds=1, run_seconds=30)
    result = runner.run(job("1", DEAF, "7", "1 / 0", limits=limits))
    assert counts(result) == [1, 2, 3, 4]
    assert "In[4]" in "".join(outputs(result, 4)[0]["traceback"])
