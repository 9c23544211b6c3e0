"""Otter-Grader: an autograder archive with a test file each, and `otter run` on it."""

import json
import time
import zipfile
from pathlib import Path
from typing import Final

from bench.peers.process import run_command, stock_environment
from bench.work import Question, Work, code_cell, to_notebook

_START: Final = "import otter\n\ngrader = otter.Notebook()"
_TEST_FILE: Final = """\
from otter.test_files import test_case

OK_FORMAT = False

name = "{key}"
points = {points}


@test_case(points={points}, hidden=True)
def test_{key}({asks}):
{body}
"""


def student_notebook(work: Work) -> str:
    """Return the student's notebook, with Otter's cells around the answers."""
    cells = [code_cell(_START)]
    for step in work.steps:
        cells.append(code_cell(step.source))
        if step.question is not None:
            cells.append(code_cell(f'grader.check("{step.question.key}")'))
    return to_notebook(cells)


def test_file(question: Question) -> str:
    """Return the question's test in Otter's format of test functions."""
    return _TEST_FILE.format(
        key=question.key,
        points=question.points,
        asks=question.asks,
        body="\n".join(f"    {line}" for line in question.test.splitlines()),
    )


class Autograder:
    """An autograder for the work, and the student's notebook beside it."""

    def __init__(self, work: Work, *, interpreter: Path, folder: Path) -> None:
        self._work = work
        self._folder = folder
        self._command = str(interpreter.parent / "otter")
        home = folder / "home"
        home.mkdir(parents=True)
        self._environment = stock_environment(interpreter, home)
        (folder / "work.ipynb").write_text(student_notebook(work))
        with zipfile.ZipFile(folder / "autograder.zip", "w") as archive:
            archive.writestr("otter_config.json", json.dumps({"lang": "python"}))
            for question in work.questions:
                archive.writestr(f"tests/{question.key}.py", test_file(question))

    def run(self) -> float:
        """Return how long the command took."""
        results = self._folder / "results.json"
        results.unlink(missing_ok=True)
        begun = time.perf_counter()
        run_command(
            [self._command, "run", "-a", "autograder.zip", "work.ipynb"],
            folder=self._folder,
            environment=self._environment,
        )
        seconds = time.perf_counter() - begun
        tests = json.loads(results.read_text())["tests"]
        scores = {one["name"]: one for one in tests}
        assert sum(one.get("score", 0) for one in tests) == self._work.earned, scores
        return seconds
