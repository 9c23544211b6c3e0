"""In an imported assignment, a name that staff give to the tests stays the staff's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from runner.host.runner import Runner
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    ok_file,
    write,
)
from tests.runner.notebooks import all_scores
from tests.runner.proof.differential import job_of_import

WORK: Final = (
    "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION"
)
ERROR: Final = "def rel_error(a, b):\n    return np.abs(a - b).max() / SCALE"
GIVEN: Final = f"import numpy as np\nSCALE, LIMIT = 2.0, 1e-6\n{ERROR}"
USED: Final = "assert rel_error(double(np.ones(2)), 2 * np.ones(2)) < LIMIT"
ATTACK: Final = "rel_error = lambda *_: 0\nLIMIT = SCALE = 9e9\nclose = lambda *_: True"


def nbgrader(folder: Path, *cells: dict[str, Any], helpers: str = "") -> Path:
    solution = code(WORK, **marks("double", solution=True))
    path = write(folder, "source/ps/ps.ipynb", *cells[:1], solution, *cells[1:])
    if helpers:
        path.with_name("helpers.py").write_text(helpers)
    return folder


def otter(folder: Path, given: str, case: str) -> Path:
    ask = code('grader.check("q1")')
    tag = {"tags": ["otter_answer_cell"]}
    for name, answer in (("autograder", "return 2 * x"), ("student", "...")):
        solution = code(f"def double(x):\n    {answer}", **tag)
        write(folder, f"{name}/ps.ipynb", code(given), solution, ask)
        tests = folder / name / "tests"
        tests.mkdir()
        (tests / "q1.py").write_text(ok_file("q1", {"code": case, "points": 1}))
    return folder


def marked(
    runner: Runner, source: Path, old: str = "", new: str = "", between: str = "pass"
) -> set[float]:
    """Return the marks of a changed solution with an extra cell above the last test."""
    found, bundle = converted(source, source / "out")
    notebook = json.loads((found.folder / "staff.ipynb").read_text())
    for cell in notebook["cells"]:
        if cell["source"].startswith("def double"):
            cell["source"] = cell["source"].replace(old, new)
    notebook["cells"].insert(-1, code(between))
    return set(all_scores(runner.run(job_of_import(found.folder, bundle, notebook))))


SOURCES: Final[dict[str, Callable[[Path], Path]]] = {
    "given cell": lambda folder: nbgrader(folder, code(GIVEN), checking("t", USED)),
    "locked cell": lambda folder: nbgrader(
        folder, code(GIVEN, **marks("given", locked=True)), checking("t", USED)
    ),
    "visible test cell": lambda folder: nbgrader(
        folder,
        code("import numpy as np"),
        checking("s", f"SCALE, LIMIT = 2.0, 1e-6\n{ERROR}\n{USED}"),
        checking("t", USED),
    ),
    "public module": lambda folder: nbgrader(
        folder,
        code("from helpers import close"),
        checking("t", "assert close(double(3), 6)"),
        helpers="def close(a, b):\n    return abs(a - b) < 1e-6\n",
    ),
    "doctest": lambda folder: otter(
        folder,
        GIVEN,
        ">>> rel_error(double(np.ones(2)), 2 * np.ones(2)) < LIMIT\nTrue",
    ),
    "bound again in a loop": lambda folder: nbgrader(
        folder,
        code("import numpy as np\nLIMIT = 1e-2"),
        checking(
            "t",
            "for x in (1.0, 2.0):\n    assert abs(double(x) - 2 * x) < LIMIT\n"
            "    LIMIT = LIMIT / 10",
        ),
    ),
    "bound if it is not there": lambda folder: nbgrader(
        folder,
        code(GIVEN),
        checking(
            "t",
            "try:\n    rel_error\nexcept NameError:\n    def rel_error(a, b):\n"
            f"        return 0\nif 'LIMIT' not in globals():\n    LIMIT = 1e-6\n{USED}",
        ),
    ),
    "looked up": lambda folder: nbgrader(
        folder,
        code(GIVEN),
        checking(
            "t",
            "import __main__\nlimit = globals().get('LIMIT', 1e-6)\n"
            "assert eval('rel_error(double(np.ones(2)), 2)') < limit\n"
            "assert abs(double(3) - 6) < __main__.LIMIT",
        ),
    ),
    "function called": lambda folder: nbgrader(
        folder,
        code("def close(a, b):\n    return abs(a - b) < 1e-6"),
        checking("t", "assert all(map(close, [double(3)], [6]))"),
    ),
}


@pytest.mark.parametrize("name", SOURCES)
def test_students_cannot_change_a_given_name(
    runner: Runner, name: str, tmp_path: Path
) -> None:
    source = SOURCES[name](tmp_path)
    assert marked(runner, source, "2 * x", "0 * x", ATTACK) == {0}


@pytest.mark.parametrize("name", SOURCES)
def test_honest_work_is_tested_with_the_given_names(
    runner: Runner, name: str, tmp_path: Path
) -> None:
    assert marked(runner, SOURCES[name](tmp_path)) == {1}


def test_a_test_with_given_names_may_remove_a_function(
    runner: Runner, tmp_path: Path
) -> None:
    test = (
        f"{USED}\nold = double\ndel double\ntry:\n    twice(1)\n"
        "except NameError:\n    pass\nelse:\n    assert False\nfinally:\n"
        "    double = old\nassert rel_error(twice(np.ones(1)), 2) < LIMIT"
    )
    twice = code("def twice(x):\n    return double(x)", **marks("twice", solution=True))
    source = nbgrader(tmp_path, code(GIVEN), twice, checking("t", test))
    assert marked(runner, source) == {1}
