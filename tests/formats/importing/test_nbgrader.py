"""nbgrader's source notebooks become our own folders; nothing secret is handed out."""

import json
import runpy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from formats.assignment import Visibility, split_sections
from formats.choices import Part, QuestionKind
from formats.importing import Format
from runner.protocol.jobs import TestStyle
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    refused,
    sources,
    text,
    write,
)

SOLUTION = code(
    "import numpy as np\n\ndef double(x):\n    ### BEGIN SOLUTION\n"
    "    return 2 * x\n    ### END SOLUTION",
    **marks("double", solution=True),
)
HIDDEN = checking(
    "test_double",
    '"""Doubling works."""\nassert double(1) == 2\n### BEGIN HIDDEN TESTS\n'
    "assert np.isclose(double(21), 42)\n### END HIDDEN TESTS",
)


def written(folder: Path, *cells: dict[str, Any]) -> Path:
    return write(folder, "source/ps1/problem.ipynb", *cells).parents[2]


def test_hidden_tests_are_in_the_tests_alone(tmp_path: Path) -> None:
    found, bundle = converted(written(tmp_path, SOLUTION, HIDDEN), tmp_path / "out")
    (question,) = bundle.questions
    assert found.format is Format.NBGRADER
    assert (question.key, question.style) == ("test_double", TestStyle.SCRIPT)
    (check,) = question.checks
    assert (check.points, check.visibility) == (Decimal(2), Visibility.AFTER_RELEASE)
    assert check.description == "Doubling works."
    (section,) = split_sections((found.folder / "tests/test_double.py").read_text())
    assert "double(21)" in section.source
    assert "HIDDEN" not in section.source
    for name in ("staff.ipynb", "handout.ipynb"):
        shown = sources(found.folder, name)[1]
        assert shown == '"""Doubling works."""\nassert double(1) == 2'
        assert "21" not in (found.folder / name).read_text()


def test_solutions_are_not_handed_out(tmp_path: Path) -> None:
    whole = code("secret = 7", **marks("whole", solution=True))
    written_answer = text(
        "It is *seven*.", **marks("why", solution=True, grade=True, points=1)
    )
    folder = written(tmp_path, SOLUTION, HIDDEN, whole, written_answer)
    found, bundle = converted(folder, tmp_path / "out")
    handout = (found.folder / "handout.ipynb").read_text()
    assert "YOUR CODE HERE" in sources(found.folder, "handout.ipynb")[0]
    for secret in ("return 2", "secret", "seven", "seen"):
        assert secret not in handout
    assert bundle.questions[1].kind == QuestionKind.MANUAL


def test_tests_without_hidden_ones_are_shown_at_once(tmp_path: Path) -> None:
    folder = written(tmp_path, SOLUTION, checking("t", "assert double(1) == 2"))
    _, bundle = converted(folder, tmp_path / "out")
    assert bundle.questions[0].checks[0].visibility == Visibility.ALWAYS


def test_a_task_is_marked_by_hand_and_its_mark_scheme_is_not_handed_out(
    tmp_path: Path,
) -> None:
    task = text(
        "## Part C (4 points)\nDraw it.\n=== BEGIN MARK SCHEME ===\nTwo for axes.\n"
        "=== END MARK SCHEME ===",
        **marks("cell-0a1b2c", task=True, locked=True, points=4),
    )
    found, bundle = converted(written(tmp_path, task), tmp_path / "out")
    (question,) = bundle.questions
    assert (question.title, question.points) == ("Part C", Decimal(4))
    assert sources(found.folder, "handout.ipynb") == ["## Part C (4 points)\nDraw it."]
    assert "Two for axes." in sources(found.folder, "staff.ipynb")[0]


def test_a_locked_cell_is_named_so_that_it_can_be_put_back(tmp_path: Path) -> None:
    locked = code("import os", **marks("setup", locked=True))
    found, _ = converted(written(tmp_path, locked, SOLUTION, HIDDEN), tmp_path / "out")
    cells = json.loads((found.folder / "staff.ipynb").read_text())["cells"]
    assert cells[0]["metadata"]["softmark"] == {"locked": "setup"}


def test_a_result_in_points_becomes_a_share(tmp_path: Path) -> None:
    cell = checking("t", "score = 1.5\nscore", points=3)
    found, _ = converted(written(tmp_path, cell), tmp_path / "out")
    (section,) = split_sections((found.folder / "tests/t.py").read_text())
    head, call, tail = section.source.rpartition("_share_of_points(")
    script = tmp_path / "script.py"
    script.write_text(f"{head}end = {call}{tail}")
    assert runpy.run_path(str(script))["end"] == 0.5


def test_names_are_fixed_if_the_notebook_only_imports_them(tmp_path: Path) -> None:
    own = code("from math import floor\ndef floor(x):\n    return x")
    cell = checking("t", "assert np.abs(1) and floor(1) == 1")
    folder = written(tmp_path, SOLUTION, own, cell)
    _, bundle = converted(folder, tmp_path / "out")
    assert dict(bundle.imports) == {"np": "numpy"}


def test_a_name_that_only_a_solution_imports_is_the_students(tmp_path: Path) -> None:
    answer = code(
        "### BEGIN SOLUTION\nfrom math import sqrt as root\n### END SOLUTION",
        **marks("root", solution=True),
    )
    folder = written(tmp_path, answer, checking("t", "assert root(4) == 2"))
    found, bundle = converted(folder, tmp_path / "out")
    assert dict(bundle.imports) == {}
    assert any("“root”" in note.message for note in found.notes)


def test_data_beside_the_notebook_is_public(tmp_path: Path) -> None:
    folder = written(tmp_path, SOLUTION, HIDDEN)
    (folder / "source/ps1/data.csv").write_text("1,2\n")
    (folder / "source/ps1/more").mkdir()
    (folder / "source/ps1/more/deep.csv").write_text("1\n")
    found, bundle = converted(folder, tmp_path / "out")
    assert [f.name for f in bundle.files if f.part == Part.PUBLIC] == ["data.csv"]
    names, left_out = found.notes
    assert names.message.endswith("names none of them: data.csv.")
    assert left_out.file == "source/ps1/more"


def test_points_can_be_said_beside_the_source(tmp_path: Path) -> None:
    _, bundle = converted(
        written(tmp_path, SOLUTION, HIDDEN),
        tmp_path / "out",
        points={"test_double": Decimal(5)},
        hidden=Visibility.NEVER,
    )
    assert bundle.points == 5
    assert bundle.questions[0].checks[0].visibility == Visibility.NEVER


@pytest.mark.parametrize(
    ("cell", "line", "words"),
    [
        (checking("", "assert x"), None, "no id"),
        (checking("t", "assert x", points=None), None, "needs points from 0 up"),
        (checking("t", "assert x", points=-1), None, "needs points from 0 up"),
        (checking("t", "assert x", schema_version=4), None, "version 4"),
        (checking("t", "assert x", schema_version=0), None, "version 0"),
        (checking("t", "x = 1\n%timeit x"), 2, "IPython"),
        (checking("t", "assert ("), 1, "not Python"),
        (checking("t", "# nothing"), 1, "no code"),
        (checking("t", "x\n### BEGIN HIDDEN TESTS\ny"), 2, "no END"),
        (checking("t", "x\n### END HIDDEN TESTS"), 2, "without a BEGIN"),
        (checking("t", "### AUTOTEST f(1)"), 1, "AUTOTEST"),
        (code("### BEGIN HIDDEN TESTS\n### END HIDDEN TESTS"), 1, "not a test cell"),
        (text("x", **marks("t", grade=True, points=1)), None, "cannot hold tests"),
        (code("x", **marks("t", task=True, points=1)), None, "must be a Markdown"),
    ],
)
def test_a_cell_that_cannot_be_a_question_is_named(
    tmp_path: Path, cell: dict[str, Any], line: int | None, words: str
) -> None:
    faults = refused(written(tmp_path, SOLUTION, cell), tmp_path / "out")
    assert [(fault.cell, fault.line) for fault in faults][:1] == [(2, line)]
    assert words in faults[0].message
    assert faults[0].file == "source/ps1/problem.ipynb"


def test_an_id_that_is_used_twice_is_refused(tmp_path: Path) -> None:
    (fault,) = refused(written(tmp_path, HIDDEN, HIDDEN), tmp_path / "out")
    assert (fault.cell, "cell 1 too" in fault.message) == (2, True)


def test_of_several_notebooks_one_must_be_chosen(tmp_path: Path) -> None:
    folder = written(tmp_path, SOLUTION, HIDDEN)
    write(folder, "source/ps1/other.ipynb", SOLUTION, HIDDEN)
    (fault,) = refused(folder, tmp_path / "out")
    assert "There are 2 notebooks" in fault.message
    chosen = {"notebook": Path("other.ipynb")}
    assert refused(folder, tmp_path / "again", **chosen) == ()


def test_importing_executes_no_code_of_the_source(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    line = f"open({str(trap)!r}, 'w').close()"
    folder = written(tmp_path, code(line), checking("t", line))
    converted(folder, tmp_path / "out")
    assert not trap.exists()


def test_each_test_gets_the_definitions_that_it_uses_from_cells_above(
    tmp_path: Path,
) -> None:
    first = checking(
        "first",
        "shown = 1\n### BEGIN HIDDEN TESTS\nimport unittest.mock\nlimit = 2 * shown\n"
        "def forbidden(*_):\n    assert limit\n    raise RuntimeError\n"
        "@unittest.mock.patch('__main__.double', forbidden)\ndef watched():\n"
        "    limit = 5\n    return limit\nassert double(1) == limit\n"
        "### END HIDDEN TESTS",
    )
    second = checking(
        "second",
        "### BEGIN HIDDEN TESTS\nother = 3\nassert watched() == other\n"
        "### END HIDDEN TESTS",
    )
    third = checking("third", "limit = 9\nassert double(limit) == 18")
    folder = written(tmp_path, SOLUTION, first, second, third)
    found, _ = converted(folder, tmp_path / "out")
    taken = (found.folder / "tests/second.py").read_text()
    order = ("import unittest", "limit = 2", "def forbidden", "def watched", "other =")
    places = [taken.index(each) for each in order]
    assert places == sorted(places)
    assert taken.count("@unittest") == 1
    # Names of the student's notebook are not brought.
    assert "shown = 1" not in taken
    assert "def " not in (found.folder / "tests/third.py").read_text()
    (note,) = [each for each in found.notes if "“watched”" in each.message]
    assert note.cell == 3


def test_a_test_cell_without_tests_and_points_is_no_question(tmp_path: Path) -> None:
    empty = checking("graded", "# This cell is used for grading", points=0)
    folder = written(tmp_path, SOLUTION, HIDDEN, empty)
    found, bundle = converted(folder, tmp_path / "out")
    assert [question.key for question in bundle.questions] == ["test_double"]
    assert "“graded”" in found.notes[0].message
    # With points it would give them for no work.
    graded = checking("graded", "# This cell is used for grading", points=1)
    folder = written(tmp_path / "more", SOLUTION, graded)
    assert refused(folder, tmp_path / "again")


def test_a_switch_that_hidden_tests_set_is_named(tmp_path: Path) -> None:
    switch = code("skip_training = False  # set it to True before you submit")
    forced = checking(
        "settings",
        "import warnings\n### BEGIN HIDDEN TESTS\nskip_training = True\nown = True\n"
        "### END HIDDEN TESTS",
        points=0,
    )
    folder = written(tmp_path, switch, forced, SOLUTION, HIDDEN)
    found, _ = converted(folder, tmp_path / "out")
    (note,) = found.notes
    assert "“skip_training”" in note.message
    assert "parameters" in note.hint
