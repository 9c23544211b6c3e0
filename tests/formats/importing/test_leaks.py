"""A hand-out holds nothing of a solution, a mark scheme or a hidden test."""

import json
from pathlib import Path

import pytest

from formats.assignment.notebook_cells import (
    make_handout,
    validate_handout,
    validate_staff_notebook,
)
from formats.importing import notes_on
from formats.problems import ProblemList
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    notebook,
    ok_file,
    text,
    write,
)

CANARY = "CANARY"


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("### BEGIN SOLUTIONS", "### END SOLUTIONS"),
        ("# BEGIN SOLUTION_1", "# END SOLUTION_1"),
        ("#BEGIN SOLUTION2", "#END SOLUTION2"),
        ("x = 1  # BEGIN SOLUTION", "# END SOLUTION here"),
    ],
)
def test_marks_that_nbgrader_accepts_are_marks_here(
    tmp_path: Path, begin: str, end: str
) -> None:
    source = f"def f():\n    {begin}\n    return '{CANARY}'\n    {end}"
    write(
        tmp_path,
        "source/ps/ps.ipynb",
        code(source, **marks("answer", solution=True)),
        checking("q1", "assert f()"),
    )
    prepared, _ = converted(tmp_path / "source", tmp_path / "new")
    handout = (prepared.folder / "handout.ipynb").read_text()
    assert CANARY not in handout


@pytest.mark.parametrize(
    "line",
    [
        "# begin solution",
        "<!-- Begin Solution -->",
        "### end mark scheme ###",
        "# BEGIN SOLUTIONS",
        "BEGIN  SOLUTION",
        "x  # END SOLUTION",
        "BEGIN-MARK SCHEME",
    ],
)
def test_text_that_looks_like_a_mark_and_is_none_is_a_fault(line: str) -> None:
    document = notebook(code(f"a = 1\n{line}\n"))
    for validate in (validate_staff_notebook, validate_handout):
        faults = ProblemList()
        validate(document, "x.ipynb", faults)
        assert faults


def test_images_of_removed_text_and_widget_states_are_left_out() -> None:
    scheme = "### BEGIN MARK SCHEME\nsee ![](attachment:key.png)\n### END MARK SCHEME"
    cell = {**text(f"Plot it.\n{scheme}"), "attachments": {"key.png": {"x": CANARY}}}
    kept = {
        **text("See ![](attachment:a.png)"),
        "attachments": {"a.png": {"x": "kept"}},
    }
    cell["metadata"] = {"execution": {"x": CANARY}, "tags": ["a"]}
    made = json.dumps(
        make_handout(
            notebook(cell, kept, widgets={"state": CANARY}, kernelspec={"name": "k"})
        )
    )
    assert CANARY not in made
    assert all(each in made for each in ("kept", '"k"', '"tags"'))


def test_students_get_an_autograders_files_that_the_hand_out_names(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "hw"
    write(
        folder,
        "hw.ipynb",
        code("import pandas as pd\nd = pd.read_csv('data.csv')"),
        code("grader.check('q1')"),
    )
    for name in ("tests", "files"):
        (folder / name).mkdir()
    (folder / "tests/q1.py").write_text(ok_file("q1", {"code": ">>> d\n1"}))
    for name in ("data.csv", "hidden_labels.csv", "reference.py"):
        (folder / "files" / name).write_text("1")
    prepared, bundle = converted(folder, tmp_path / "new")
    public = {file.name for file in bundle.files if file.part.value == "public"}
    assert public == {"data.csv"}
    said = " ".join(note.message for note in notes_on(prepared, bundle))
    assert "hidden_labels.csv, reference.py" in said


@pytest.mark.parametrize(
    "line", ["In the end, solutions differ.", "We begin: solution"]
)
def test_words_of_a_sentence_are_not_a_mark(line: str) -> None:
    faults = ProblemList()
    validate_handout(notebook(code(f"a = 1\n# {line}\n")), "x.ipynb", faults)
    assert not faults
