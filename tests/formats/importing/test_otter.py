"""Otter's tests become questions of our own; docs/importing.md says how they score."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from formats.assignment import Visibility, split_sections
from formats.choices import Part
from formats.importing import Format
from runner.protocol.jobs import TestStyle
from tests.formats.importing.foreign import (
    code,
    converted,
    ok_file,
    refused,
    sources,
    text,
    write,
)

CELLS = (
    code("import otter\ngrader = otter.Notebook()"),
    code("import numpy as np\nx = ..."),
    code('grader.check("q 1")'),
    code("np.load('big.npy')", tags=["otter_ignore"]),
    code("grader.export(pdf=False)"),
)
SEEN = {"code": ">>> x > 0\nTrue", "hidden": False}
HIDDEN = {"code": ">>> int(np.square(x))\n49"}
CASES = '''\
from otter.test_files import test_case

OK_FORMAT = False
name = "q 1"
points = 3


@test_case(points=1, hidden=False, failure_message="It is not positive.")
def test_sign(x):
    assert x > 0


@test_case(hidden=True)
def test_value(np, x):
    """The value is right."""
    assert np.isclose(x, 7)


def helper():
    return 7
'''


def folder_with(folder: Path, test: str, *cells: dict[str, Any]) -> Path:
    write(folder, "hw/hw.ipynb", *(cells or CELLS))
    (folder / "hw/tests").mkdir()
    (folder / "hw/tests/q1.py").write_text(test)
    return folder / "hw"


def points_of(tmp_path: Path, *cases: dict[str, Any], **said: Any) -> list[str]:
    folder = folder_with(tmp_path, ok_file("q 1", *cases, **said))
    _, bundle = converted(folder, tmp_path / "out")
    return [str(check.points) for check in bundle.questions[0].checks]


def test_each_case_is_a_check(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, ok_file("q 1", SEEN, HIDDEN, points=3))
    found, bundle = converted(folder, tmp_path / "out")
    (question,) = bundle.questions
    assert found.format is Format.OTTER
    assert (question.key, question.title) == ("q-1", "q 1")
    assert question.style == TestStyle.DOCTEST
    assert [(c.name, c.points, c.visibility) for c in question.checks] == [
        ("case_1", Decimal("1.5"), Visibility.ALWAYS),
        ("case_2", Decimal("1.5"), Visibility.AFTER_RELEASE),
    ]
    first, _ = split_sections((found.folder / "tests/q-1.py").read_text())
    assert first.source == ">>> x > 0\nTrue\n"
    assert dict(bundle.imports) == {"np": "numpy"}
    assert bundle.skip_tags == ("otter_ignore",)


def test_the_check_cell_is_marked_and_runs_without_otter(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, ok_file("q 1", SEEN))
    found, _ = converted(folder, tmp_path / "out")
    cells = json.loads((found.folder / "handout.ipynb").read_text())["cells"]
    assert cells[2]["metadata"]["softmark"] == {"question": "q-1"}
    assert cells[2]["source"].endswith('if "grader" in globals() else None')
    skipped = [
        n
        for n, cell in enumerate(cells)
        if "skip-execution" in cell["metadata"].get("tags", [])
    ]
    assert skipped == [0, 4]


@pytest.mark.parametrize(
    ("said", "cases", "points"),
    [
        ({}, (SEEN, HIDDEN), ["0.5", "0.5"]),
        ({"points": 2}, (SEEN, HIDDEN, SEEN), ["0.66", "0.67", "0.67"]),
        ({"points": [1, 3]}, (SEEN, HIDDEN), ["1", "3"]),
        ({"points": 5}, (SEEN | {"points": 2}, HIDDEN), ["2", "3"]),
        ({}, (SEEN | {"points": 2}, HIDDEN), ["2", "0"]),
        ({"points": 0}, (SEEN, HIDDEN), ["0", "0"]),
        ({"points": 4, "all_or_nothing": True}, (SEEN, HIDDEN), ["0", "0", "4"]),
    ],
)
def test_points_are_shared_as_otter_shares_them(
    tmp_path: Path, said: dict[str, Any], cases: Any, points: list[str]
) -> None:
    assert points_of(tmp_path, *cases, **said) == points


def test_points_that_no_case_gives_are_named(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, ok_file("q 1", SEEN | {"points": 0}, points=15))
    found, bundle = converted(folder, tmp_path / "out")
    assert bundle.points == 0
    assert any("has 15 points" in note.message for note in found.notes)
    _, again = converted(folder, tmp_path / "b", points={"q-1": Decimal(15)})
    assert again.points == 15


def test_cases_of_the_exception_format_keep_their_module(tmp_path: Path) -> None:
    found, bundle = converted(folder_with(tmp_path, CASES), tmp_path / "out")
    (question,) = bundle.questions
    assert question.style == TestStyle.CASES
    assert [
        (c.name, str(c.points), c.description, c.failure) for c in question.checks
    ] == [
        ("test_sign", "1", "Case 1.", "It is not positive."),
        ("test_value", "2", "The value is right.", ""),
    ]
    assert (found.folder / "tests/q-1.py").read_text() == CASES


def test_all_or_nothing_is_one_check_of_all_cases(tmp_path: Path) -> None:
    module = CASES.replace("points = 3", "points = 3\nall_or_nothing = True")
    found, bundle = converted(folder_with(tmp_path, module), tmp_path / "out")
    last = bundle.questions[0].checks[-1]
    assert (last.name, last.points, last.visibility) == (
        "all_together",
        Decimal(3),
        Visibility.AFTER_RELEASE,
    )
    written = (found.folder / "tests/q-1.py").read_text()
    assert "def all_together(x, np):" in written
    assert "test_value(np=np, x=x)" in written


def test_tests_in_the_notebook_are_read_and_hidden_ones_not_handed_out(
    tmp_path: Path,
) -> None:
    test = {"name": "q 1", "points": 2, "suites": [{"cases": [SEEN, HIDDEN]}]}
    path = write(
        tmp_path, "hw.ipynb", *CELLS, otter={"OK_FORMAT": True, "tests": {"q 1": test}}
    )
    found, bundle = converted(path, tmp_path / "out")
    assert bundle.points == 2
    for name in ("handout.ipynb", "staff.ipynb"):
        assert "np.square" not in (found.folder / name).read_text()


def test_the_output_of_otter_assign_is_read_whole(tmp_path: Path) -> None:
    solved = code("x = 7 # SOLUTION", tags=["otter_assign_solution_cell"])
    write(tmp_path, "dist/student/hw.ipynb", *CELLS)
    write(tmp_path, "dist/autograder/hw.ipynb", CELLS[0], solved, *CELLS[2:])
    for name in (
        "autograder/tests/q1.py",
        "autograder/answers.pdf",
        "autograder/key.csv",
        "student/data.csv",
    ):
        path = tmp_path / "dist" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(ok_file("q 1", SEEN, HIDDEN))
    (tmp_path / "dist/autograder/otter_config.json").write_text(
        '{"seed": 42, "pdf": 1}'
    )
    found, bundle = converted(tmp_path / "dist", tmp_path / "out")
    assert "SOLUTION" not in (found.folder / "handout.ipynb").read_text()
    assert "SOLUTION" in sources(found.folder, "staff.ipynb")[1]
    assert (bundle.seed, len(bundle.questions[0].checks)) == (42, 2)
    public = [file.name for file in bundle.files if file.part == Part.PUBLIC]
    assert public == ["data.csv"]
    assert any("pdf" in note.message for note in found.notes)
    assert any("notebook: key.csv" in note.message for note in found.notes)


def test_an_autograder_zip_needs_the_notebook_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "auto"
    (folder / "tests").mkdir(parents=True)
    (folder / "files").mkdir()
    (folder / "tests/q1.py").write_text(ok_file("q 1", SEEN))
    (folder / "files/data.csv").write_text("1\n")
    (folder / "otter_config.json").write_text("{}")
    (fault,) = refused(folder, tmp_path / "out")
    assert "no notebook" in fault.message
    reads = code("rows = open('data.csv').readlines()")
    given = write(tmp_path, "hw.ipynb", reads, *CELLS)
    _, bundle = converted(folder, tmp_path / "again", notebook=given)
    public = [file.name for file in bundle.files if file.part == Part.PUBLIC]
    assert (bundle.notebook, public) == ("hw.ipynb", ["data.csv"])


def test_an_old_file_that_does_not_name_its_format_is_read(tmp_path: Path) -> None:
    old = ok_file("q 1", SEEN).replace("OK_FORMAT = True\n", "")
    found, _ = converted(folder_with(tmp_path, old), tmp_path / "out")
    assert any("does not set OK_FORMAT" in note.message for note in found.notes)


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ("x = 1", "not a test file of Otter's"),
        ("OK_FORMAT = True\ntest = open('x')", "not a dictionary with a name"),
        ("OK_FORMAT = True\ntest = {", "not Python"),
        ("OK_FORMAT = False\nname = 'q'", "no functions with @test_case"),
        (ok_file("q 1"), "has no cases"),
        (ok_file("q 1", {"code": "x = 1"}), "begins with"),
        (ok_file("q 1", {"code": ">>>x\n1"}), "not an interpreter session"),
        (ok_file("q 1", {"code": ">>> %time x"}), "IPython"),
        (ok_file("q 1", SEEN | {"points": -1}), "is worth -1"),
        (ok_file("q 1", SEEN | {"points": 3}, points=2), "worth more than"),
        (ok_file("q 1", SEEN, points=[1, 2]), "has 1 cases"),
    ],
)
def test_a_test_that_cannot_be_read_is_named_with_its_file(
    tmp_path: Path, test: str, words: str
) -> None:
    fault = refused(folder_with(tmp_path, test), tmp_path / "out")[0]
    assert words in fault.message
    assert fault.file == "tests/q1.py"


def test_a_source_for_otter_assign_is_refused_with_a_remedy(tmp_path: Path) -> None:
    raw = text("# ASSIGNMENT CONFIG\nname: hw")
    (fault,) = refused(write(tmp_path, "hw.ipynb", raw), tmp_path / "out")
    assert (fault.cell, "otter assign" in fault.hint) == (1, True)


def test_a_solution_is_never_handed_out(tmp_path: Path) -> None:
    solved = code("x = 7", tags=["otter_assign_solution_cell"])
    folder = folder_with(tmp_path, ok_file("q 1", SEEN), solved, CELLS[2])
    (fault,) = refused(folder, tmp_path / "out")
    assert (fault.cell, "students would get it" in fault.message) == (1, True)


def test_importing_executes_no_test_file(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    test = f"open({str(trap)!r}, 'w').close()\n{ok_file('q 1', SEEN)}"
    converted(folder_with(tmp_path, test), tmp_path / "out")
    assert not trap.exists()
