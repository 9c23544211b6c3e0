"""Test files and notebooks are read as text, and checked without running them."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.assignment import folder as folder_reader
from formats.assignment import read_bundle
from formats.choices import Part
from tests.formats.assignment.bundles import (
    HANDOUT_CELLS,
    MANIFEST,
    STAFF_CELLS,
    TESTS,
    faults_of,
    line_of,
    notebook_of,
    write_bundle,
)


def text_of(*sources: str, **changes: Any) -> str:
    return json.dumps(notebook_of(*sources) | changes)


# --- Tests --------------------------------------------------------------------


def test_reading_executes_no_test_file(tmp_path: Path) -> None:
    trap = tmp_path / "ran"
    tests = f"open({str(trap)!r}, 'w').close()\n{TESTS}"
    assert faults_of(write_bundle(tmp_path, tests=tests)) == ()
    assert not trap.exists()


def test_missing_function_is_named_where_it_is_listed(tmp_path: Path) -> None:
    tests = TESTS.replace("def large", "def _large")
    (fault,) = faults_of(write_bundle(tmp_path, tests=tests))
    assert (fault.file, fault.line) == ("assignment.yaml", line_of("name: large"))
    assert "no function “large” in tests/add.py" in fault.message


def test_function_that_no_check_lists_is_named(tmp_path: Path) -> None:
    tests = TESTS + "\ndef forgotten(add):\n    return True\n"
    (fault,) = faults_of(write_bundle(tmp_path, tests=tests))
    assert fault.file == "tests/add.py"
    assert "“forgotten” is not in a list of checks" in fault.message


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("def small(add)", "async def small(add)", "asynchronous"),
        ("def small(add)", "def small(*add)", "takes * or **"),
        ("return add(1, 2) == 3", "yield add(1, 2)", "yields"),
        ("def _expected", "def small", "a second time"),
        ('"""Small numbers are added."""', "", "no description for students"),
        ("def small(add):", "def small(add:", "not Python"),
    ],
)
def test_function_that_cannot_be_a_check_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    faults = faults_of(write_bundle(tmp_path, tests=TESTS.replace(old, new)))
    assert any(words in fault.message and fault.line for fault in faults)


@pytest.mark.parametrize("tests", [b"x = 0 \x00", b"(" * 300, b"x = '\xff'"])
def test_junk_is_no_test_file(tmp_path: Path, tests: bytes) -> None:
    faults = faults_of(write_bundle(tmp_path, tests=tests))
    assert [fault.file for fault in faults] == ["tests/add.py"]


def test_test_file_must_be_there(tmp_path: Path) -> None:
    (fault,) = faults_of(write_bundle(tmp_path, tests=None))
    assert fault.file == "tests/add.py"


def test_test_file_of_no_question_is_named(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    (tmp_path / "tests" / "essay.py").write_text("")
    (fault,) = faults_of(tmp_path)
    assert fault.file == "tests/essay.py"


# --- Notebooks ----------------------------------------------------------------


def test_broken_notebook_is_refused_with_its_line(tmp_path: Path) -> None:
    faults = faults_of(write_bundle(tmp_path, staff='{\n "cells": [\n'))
    assert (faults[0].file, faults[0].line) == ("staff.ipynb", 3)


@pytest.mark.parametrize(
    "staff",
    ["", "[]", "{}", '{"cells": 3}', "[" * 20_000, text_of(nbformat=3), b"\xff\xfe"],
    ids=["empty", "list", "bare", "no cells", "deep", "old", "bytes"],
)
def test_a_file_that_is_not_a_notebook_is_refused(
    tmp_path: Path, staff: str | bytes
) -> None:
    faults = faults_of(write_bundle(tmp_path, staff=staff))
    assert [fault.file for fault in faults] == ["staff.ipynb"]


def test_cell_that_breaks_the_format_is_named(tmp_path: Path) -> None:
    notebook = notebook_of(*STAFF_CELLS)
    notebook["cells"][1]["outputs"] = "none"
    faults = faults_of(write_bundle(tmp_path, staff=json.dumps(notebook)))
    assert (faults[0].file, faults[0].cell) == ("staff.ipynb", 2)


def test_solution_left_in_the_handout_is_refused(tmp_path: Path) -> None:
    fault = faults_of(write_bundle(tmp_path, handout=text_of(*STAFF_CELLS)))[0]
    assert (fault.file, fault.cell, fault.line) == ("handout.ipynb", 1, 3)
    assert "has a solution" in fault.message


@pytest.mark.parametrize(
    ("cell", "line"),
    [
        ("### BEGIN SOLUTION\nx = 1", 1),
        ("x = 1\n### END SOLUTION", 2),
        ("# BEGIN SOLUTION\n# BEGIN SOLUTION\n# END SOLUTION", 2),
    ],
)
def test_regions_must_open_and_close_in_turn(
    tmp_path: Path, cell: str, line: int
) -> None:
    faults = faults_of(write_bundle(tmp_path, staff=text_of(cell, STAFF_CELLS[1])))
    assert (faults[0].cell, faults[0].line) == (1, line)


def test_check_cell_of_an_unknown_question_is_refused(tmp_path: Path) -> None:
    extra = "# softmark: check ad"
    faults = faults_of(write_bundle(tmp_path, staff=text_of(*STAFF_CELLS, extra)))
    assert (faults[0].cell, faults[0].hint) == (3, "Did you mean “add”?")


def test_second_check_cell_of_a_question_is_refused(tmp_path: Path) -> None:
    cells = (*STAFF_CELLS, STAFF_CELLS[1])
    faults = faults_of(write_bundle(tmp_path, staff=text_of(*cells)))
    assert "checked in cell 2 already" in faults[0].message


def test_handout_with_another_check_cell_is_refused(tmp_path: Path) -> None:
    handout = text_of(HANDOUT_CELLS[0], "# softmark: check add\nprint(2)")
    (fault,) = faults_of(write_bundle(tmp_path, handout=handout))
    assert "differs from the one in staff.ipynb" in fault.message


# --- Files --------------------------------------------------------------------


def test_public_and_private_files_are_listed(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    for name in ("public/data.csv", "private/labels.csv", "public/.DS_Store"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"1,2\n")
    files = [(file.part, file.name) for file in read_bundle(tmp_path).files]
    assert files[-2:] == [(Part.PUBLIC, "data.csv"), (Part.PRIVATE, "labels.csv")]


@pytest.mark.parametrize("name", ["task.ipynb", "Task.ipynb", "a:b.csv", "-x"])
def test_public_file_of_a_wrong_name_is_refused(tmp_path: Path, name: str) -> None:
    write_bundle(tmp_path)
    (tmp_path / "public").mkdir()
    (tmp_path / "public" / name).write_bytes(b"")
    (fault,) = faults_of(tmp_path)
    assert fault.file == f"public/{name}"


def test_links_and_misplaced_folders_are_refused(tmp_path: Path) -> None:
    write_bundle(tmp_path)
    (tmp_path / "solution" / "inner").mkdir(parents=True)
    (tmp_path / "private" / "inner").mkdir(parents=True)
    (tmp_path / "private" / "inner" / "secret").symlink_to("/etc/hostname")
    (tmp_path / "private" / "etc").symlink_to("/etc")
    assert [fault.file for fault in faults_of(tmp_path)] == [
        "private/etc",
        "private/inner/secret",
        "solution/inner",
    ]


def test_data_keeps_its_folders(tmp_path: Path) -> None:
    folder = write_bundle(tmp_path)
    for name in ("public/data/train/a.csv", "public/b.csv", "private/held/c.csv"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    found = {f.name: f.path.read_text() for f in read_bundle(folder).files}
    assert found["data/train/a.csv"] == "public/data/train/a.csv"
    assert found["held/c.csv"] == "private/held/c.csv"


def test_a_data_folder_of_the_name_of_a_required_file_is_refused(
    tmp_path: Path,
) -> None:
    folder = write_bundle(tmp_path)
    (folder / "public" / "Task.ipynb").mkdir(parents=True)
    (folder / "public" / "Task.ipynb" / "a.csv").write_text("1")
    (fault,) = faults_of(folder)
    assert fault.file == "public/Task.ipynb/a.csv"


@pytest.mark.parametrize("name", ["MAX_DATA_FILES", "MAX_DATA_BYTES"])
def test_data_has_a_size_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = write_bundle(tmp_path)
    (folder / "public").mkdir(exist_ok=True)
    for number in range(3):
        (folder / "public" / f"{number}.csv").write_text("12")
    monkeypatch.setattr(folder_reader, name, 2)
    (fault,) = faults_of(folder)
    assert (fault.file, "3 files" in fault.message) == ("public", True)


def test_folder_must_be_there(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path / "nowhere")
    assert "is not a folder" in fault.message


def test_solution_files_have_names_of_required_files(
    tmp_path: Path,
) -> None:
    folder = write_bundle(tmp_path)
    (folder / "solution").mkdir()
    (folder / "solution" / "weights.pt").write_bytes(b"x")
    (fault,) = faults_of(folder)
    assert fault.file == "solution/weights.pt"


def test_solution_files_are_part_of_the_bundle(tmp_path: Path) -> None:
    weights = "  - name: weights.safetensors\n    kind: safetensors\n    max_mb: 1\n"
    manifest = MANIFEST.replace("questions:\n", f"{weights}questions:\n")
    folder = write_bundle(tmp_path, manifest=manifest)
    (folder / "solution").mkdir()
    (folder / "solution" / "weights.safetensors").write_bytes(b"x")
    files = read_bundle(folder).files
    assert [f.name for f in files if f.part == "solution"] == ["weights.safetensors"]
