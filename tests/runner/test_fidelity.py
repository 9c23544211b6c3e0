"""Outputs equal those of nbclient with a stock kernel, run beside the runner.

Known differences and their reasons are in docs/fidelity.md.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from runner.host.runner import Runner
from runner.protocol.jobs import JobResult, Limits, Verdict
from tests.runner.compared_notebooks import NOTEBOOKS
from tests.runner.nbclient_files import UnreachableError, fetch_notebooks
from tests.runner.normal_outputs import assert_same, normal
from tests.runner.notebooks import job, job_file, notebook, outputs, text
from tests.runner.peer import ROOT, PeerJob, run_with_nbclient

pytestmark = [pytest.mark.torch, pytest.mark.long, pytest.mark.timeout(500)]

# The time limit of a cell that must be interrupted, in seconds, on both sides.
SECONDS: Final = 3
# nbclient's own notebooks, and how the runner ends them.
SAME: Final = {
    "Autokill": "process_died",
    "Check History in Memory": "completed",
    "Clear Output": "completed",
    "Disable Stdin": "cells_failed",
    "Empty Cell": "completed",
    "Error": "cells_failed",
    "Factorials": "completed",
    "HelloWorld": "completed",
    "Inline Image": "completed",
    "Interrupt": "cell_time",
    "JupyterWidgets": "completed",
    "Other Comms": "completed",
    "Parallel Execute A": "cells_failed",
    "Parallel Execute B": "cells_failed",
    "SVG": "completed",
    "Skip Exceptions": "cells_failed",
    "Skip Exceptions with Cell Tags": "completed",
    "Skip Execution with Cell Tag": "completed",
    "Sleep1s": "completed",
    "Unicode": "completed",
    "UnicodePy3": "completed",
}
DIFFERENT: Final = ("Output", "update-display-id")
# Our own notebooks; each has a test.
KNOWN: Final = {
    "leaving": notebook("exit()", "'next'"),
    "recursion": notebook(
        "import sys; sys.setrecursionlimit(600)",
        "def f(n): return f(n + 1)\nf(0)",
    ),
    "left behind": notebook(
        "import asyncio\nasync def f():\n    await asyncio.sleep(0.1)\n    print('late')",
        "t = asyncio.create_task(f())",
        "await t",
    ),
    "closed": notebook("import sys\nsys.stdout.close()", "print('still')"),
    "surrogate": notebook("print('\\ud800')\nprint('next')"),
}

Document = Mapping[str, Any]


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Document:
    """Return each notebook as nbclient executes it; item "" says why none are there."""
    folder = tmp_path_factory.mktemp("peer")
    texts = {**NOTEBOOKS, **KNOWN}
    found: dict[str, Any] = {}
    try:
        source = fetch_notebooks()
    except UnreachableError as error:
        found[""] = str(error)
    else:
        shutil.copytree(source, folder, dirs_exist_ok=True)
        texts |= {path.stem: path.read_text() for path in source.glob("*.ipynb")}
    jobs = {name: _peer_job(folder, name, text) for name, text in texts.items()}
    run_with_nbclient(list(jobs.values()), folder)
    for name, peer in jobs.items():
        found[name] = json.loads(peer.executed.read_text())
        if peer.problem.exists():
            found[name]["problem"] = peer.problem.read_text()
    return found


def _peer_job(folder: Path, name: str, text: str) -> PeerJob:
    path = folder / f"{name}.ipynb"
    path.write_text(text)
    # Each notebook writes to its own folder; nbclient's share the files that they read.
    place = folder / f"{name}.place"
    place.mkdir()
    for image in folder.glob("*.png"):
        shutil.copy(image, place)
    seconds = {"cell_seconds": SECONDS} if name == "Interrupt" else {}
    return PeerJob(notebook=str(path), folder=str(place), **seconds)


def _of_nbclient(theirs: Document, name: str) -> str:
    """Return one of nbclient's own notebooks as text, or skip the test."""
    if "" in theirs:
        pytest.skip(f"nbclient's notebooks cannot be fetched: {theirs['']}")
    return (fetch_notebooks() / f"{name}.ipynb").read_text()


def _run(runner: Runner, source: str, **changes: Any) -> tuple[JobResult, Document]:
    result = runner.run(job(notebook=source, **changes))
    return result, json.loads(result.notebook)


def test_every_notebook_of_nbclient_has_its_place(theirs: Document) -> None:
    _of_nbclient(theirs, "HelloWorld")
    names = {path.stem for path in fetch_notebooks().glob("*.ipynb")}
    assert names == {*SAME, *DIFFERENT}


@pytest.mark.parametrize("name", SAME)
def test_nbclient_s_own_notebooks_come_out_the_same(
    runner: Runner, theirs: Document, name: str
) -> None:
    source = _of_nbclient(theirs, name)
    seconds = SECONDS if name == "Interrupt" else 60
    files = (job_file(fetch_notebooks() / "python.png"),)
    limits = Limits(cell_seconds=seconds)
    result, ours = _run(runner, source, files=files, limits=limits)
    assert result.code == SAME[name]
    if "DeadKernelError" in theirs[name].get("problem", ""):
        # By chance nbclient hears the cell's number before its kernel is gone, or does not.
        for cell in (*ours["cells"], *theirs[name]["cells"]):
            cell["execution_count"] = None
    assert_same(ours, theirs[name])


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_our_own_notebooks_come_out_the_same(
    runner: Runner, theirs: Document, name: str
) -> None:
    _, ours = _run(runner, NOTEBOOKS[name])
    assert_same(ours, theirs[name])
    assert "problem" not in theirs[name]


@pytest.mark.parametrize("name", DIFFERENT)
def test_known_differences_are_documented(name: str) -> None:
    assert f"`{name}.ipynb`" in (ROOT / "docs" / "fidelity.md").read_text()


def test_an_output_widget_captures_no_output(runner: Runner, theirs: Document) -> None:
    result, ours = _run(runner, _of_nbclient(theirs, "Output"))
    assert result.verdict is Verdict.COMPLETED
    assert text(result, 2) == "hi\nin output\n"
    assert outputs(result, 3)[0]["ename"] == "ValueError"
    assert normal(theirs["Output"]["cells"][1]["outputs"]) == [
        {"streams": {"stdout": "hi\n"}}
    ]
    first = [{"cells": run["cells"][:1]} for run in (ours, theirs["Output"])]
    assert_same(*first)


def test_there_is_no_kernel_behind_the_shell(runner: Runner, theirs: Document) -> None:
    result, _ = _run(runner, _of_nbclient(theirs, "update-display-id"))
    assert result.code == "cells_failed"
    assert result.detail["ename"] == "AttributeError"
    assert outputs(result, 2)[-1]["evalue"].endswith("has no attribute 'kernel'")


def test_exit_ends_the_cell_and_not_the_notebook(
    runner: Runner, theirs: Document
) -> None:
    result, _ = _run(runner, KNOWN["leaving"])
    assert result.code == "exited"
    assert outputs(result, 1)[0]["ename"] == "SystemExit"
    assert text(result, 2) == "'next'"
    assert theirs["leaving"]["cells"][0]["outputs"] == []


def test_a_deep_traceback_shows_both_ends(runner: Runner, theirs: Document) -> None:
    result, _ = _run(runner, KNOWN["recursion"])
    ours = normal(outputs(result, 2))[0]
    other = normal(theirs["recursion"]["cells"][1]["outputs"])[0]
    assert ours["ename"] == other["ename"] == "RecursionError"
    start, _, rest = ours["traceback"].partition("[... skipping similar frames: ")
    assert rest.startswith("f at line 1 (5")
    start, end = start.rpartition("\n\n")[0], rest.partition("\n\n")[2]
    assert other["traceback"].startswith(start)
    assert other["traceback"].endswith(end)
    assert len(other["traceback"]) > 10 * len(ours["traceback"])


def test_text_of_an_earlier_cell_s_task_belongs_to_the_running_cell(
    runner: Runner, theirs: Document
) -> None:
    result, _ = _run(runner, KNOWN["left behind"])
    assert text(result, 3) == "late\n"
    assert theirs["left behind"]["cells"][2]["outputs"] == []


def test_a_closed_output_stream_still_works(runner: Runner, theirs: Document) -> None:
    result, _ = _run(runner, KNOWN["closed"])
    assert text(result, 2) == "still\n"
    assert theirs["closed"]["cells"][1]["outputs"][0]["ename"] == "ValueError"


def test_text_that_cannot_be_encoded_is_escaped(
    runner: Runner, theirs: Document
) -> None:
    result, _ = _run(runner, KNOWN["surrogate"])
    assert text(result) == "\\ud800\nnext\n"
    assert "UnicodeEncodeError" in str(theirs["surrogate"])


def test_the_notebook_s_metadata_is_left_alone(
    runner: Runner, theirs: Document
) -> None:
    _, ours = _run(runner, KNOWN["closed"])
    assert ours["metadata"] == {}
    assert ours["cells"][0]["metadata"] == {}
    assert "language_info" in theirs["closed"]["metadata"]
    assert "execution" in theirs["closed"]["cells"][0]["metadata"]
