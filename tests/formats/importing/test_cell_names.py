"""An import gives a cell the number that its run, an upload and Jupyter give it."""

import json
from pathlib import Path
from typing import Any

import pytest

from formats.assignment import (
    ImportRefusedError,
    write_handout,
)
from formats.importing import PreparedFolder, nbgrader, notes_on, otter
from formats.problems import Problem, ProblemList
from runner.protocol.notebook import cell_numbers
from tests.formats.assignment.bundles import (
    MANIFEST,
    STAFF_CELLS,
    faults_of,
    write_bundle,
)
from tests.formats.importing.foreign import (
    checking,
    code,
    converted,
    marks,
    notebook,
    ok_file,
    refused,
    text,
    write,
)

RAW = {"cell_type": "raw", "metadata": {}, "source": "raw"}
SKIPPED = code("1 / 0", tags=["skip-execution"])
# Text, raw, empty and skipped cells have no number; a cell of comments has one.
ABOVE = (text("# Title"), RAW, code(" \n"), SKIPPED, code("# note"))
OPEN = "### BEGIN SOLUTION"
EMPTY_ANSWER = code("", **marks("answer", solution=True))
ABOUT_OTTER = code("import otter\ngrader = otter.Notebook()")
CASE = ok_file("q1", {"code": ">>> 1\n1"})


def own(folder: Path, *cells: dict[str, Any], tags: str = "[]") -> Path:
    staff = notebook(*cells, *map(code, STAFF_CELLS))
    manifest = f"{MANIFEST}skip_tags: {tags}\n"
    return write_bundle(folder, staff=json.dumps(staff), manifest=manifest)


def of_otter(folder: Path, *cells: dict[str, Any]) -> Path:
    write(folder, "hw.ipynb", *cells, code('grader.check("q1")'))
    (folder / "tests").mkdir()
    (folder / "tests/q1.py").write_text(CASE)
    return folder


def the_place(faults: tuple[Problem, ...]) -> str:
    (fault,) = faults
    return fault.place


@pytest.mark.parametrize(
    ("cells", "place"),
    [
        ([*ABOVE, code(OPEN)], "cell 2"),
        ([*ABOVE, text(OPEN)], "the text cell below cell 1"),
        ([*ABOVE, {**RAW, "source": OPEN}], "the text cell below cell 1"),
        ([text(OPEN)], "a text cell at the top"),
        ([code(OPEN, tags=["skip-execution"])], "a skipped cell at the top"),
        ([code("1"), code(OPEN, tags=["slow"])], "the skipped cell below cell 1"),
        ([code("1", tags=["slow"]), code(OPEN)], "cell 1"),
    ],
)
def test_a_fault_calls_a_cell_as_the_run_does(
    tmp_path: Path, cells: list[dict[str, Any]], place: str
) -> None:
    folder = own(tmp_path, *cells, tags="[slow]")
    (fault, *_) = faults_of(folder)
    assert fault.place == place
    assert str(fault).startswith(f"staff.ipynb, {place}, line 1: ")
    with pytest.raises(ImportRefusedError, match=f"^staff.ipynb, {place}, line 1: "):
        write_handout(folder)


def test_an_emptied_check_cell_of_the_handout_has_its_number(tmp_path: Path) -> None:
    emptied = code("", softmark={"question": "add"})
    handout = notebook(text("T"), emptied, code(OPEN))
    folder = write_bundle(tmp_path, handout=json.dumps(handout))
    places = [fault.place for fault in faults_of(folder) if fault.cell]
    assert places == ["cell 2"]


def test_a_cell_named_within_a_message_has_its_number(tmp_path: Path) -> None:
    twice = [checking("t", "assert x"), text("T"), checking("t", "assert x")]
    source = write(tmp_path, "ps.ipynb", *ABOVE, *twice)
    (fault,) = refused(source, tmp_path / "out")
    assert (fault.place, "the id of cell 2 too" in fault.message) == ("cell 3", True)
    check = code(STAFF_CELLS[1])
    (second, *_) = faults_of(own(tmp_path / "own", *ABOVE, check))
    assert (second.place, second.message) == (
        "cell 4",
        "“add” is checked in cell 2 already.",
    )


def test_cells_with_conflicts_or_broken_formats_have_their_numbers(
    tmp_path: Path,
) -> None:
    both = code("<<<<<<< local\na = 1\n=======\na = 2\n>>>>>>> remote")
    source = write(tmp_path, "a.ipynb", *ABOVE, both, checking("t", "assert x"))
    assert the_place(refused(source, tmp_path / "out")) == "cell 2"
    broken = code("1") | {"outputs": "none"}
    source = write(tmp_path, "b.ipynb", *ABOVE, broken, checking("t", "assert x"))
    assert the_place(refused(source, tmp_path / "out")) == "cell 2"


def test_where_cells_cannot_be_classified_all_are_counted(tmp_path: Path) -> None:
    folder = own(tmp_path, text("T"), {"cell_type": "code"})
    (fault,) = faults_of(folder)
    assert fault.place == "cell 2 (text cells counted, too)"


def test_notes_call_a_cell_as_the_run_does(tmp_path: Path) -> None:
    uses, test = code("import jax"), checking("t", "assert x", points=0)
    cells = code("1"), *ABOVE, uses
    for name, source in (
        ("nbgrader", write(tmp_path, "ps.ipynb", EMPTY_ANSWER, *ABOVE, uses, test)),
        ("otter", of_otter(tmp_path / "otter", ABOUT_OTTER, *cells)),
        ("own", own(tmp_path / "own", *cells)),
    ):
        found, bundle = converted(source, tmp_path / f"out-{name}")
        notes = notes_on(found, bundle, {"default": set()})
        (note,) = [each for each in notes if "“jax”" in each.message]
        assert note.place == "cell 3", name


def test_a_question_without_a_name_is_called_by_its_cell(tmp_path: Path) -> None:
    by_hand = marks("cell-1f", grade=True, solution=True, points=1)
    cells = checking("cell-0e", "assert x"), text("Why?", **by_hand)
    _, bundle = converted(write(tmp_path, "a.ipynb", RAW, *cells), tmp_path / "out")
    titles = [question.title for question in bundle.questions]
    assert titles == ["Cell 1", "The text cell below cell 1"]


def test_written_answers_of_otter_are_called_by_their_position(tmp_path: Path) -> None:
    answer = text("*Your answer*", tags=["otter_answer_cell"])
    source = of_otter(tmp_path, answer, ABOUT_OTTER, code("1"), answer, answer)
    found, _ = converted(source, tmp_path / "out")
    (note,) = [each for each in found.notes if "Written answers" in each.message]
    places = "a text cell at the top, the text cell below cell 1"
    assert note.message.startswith(
        f"Written answers ({places}) are not part of a question"
    )


@pytest.mark.parametrize("layout", ["nbgrader", "otter"])
def test_the_names_are_those_of_the_notebook_that_is_run(
    tmp_path: Path, layout: str
) -> None:
    ignored = code("2", tags=["otter_ignore"])
    cells = [ABOUT_OTTER, EMPTY_ANSWER, *ABOVE, ignored, code("3")]
    if layout == "nbgrader":
        cells = [
            *cells,
            checking("t", "### BEGIN HIDDEN TESTS\nx\n### END HIDDEN TESTS"),
        ]
        source = write(tmp_path, "ps.ipynb", *cells)
        names = nbgrader._names(cells)
    else:
        cells = [ABOUT_OTTER, *ABOVE, ignored, code("3"), code('grader.check("q1")')]
        source = of_otter(tmp_path / "in", *cells[:-1])
        names = otter._names(cells)
    found, bundle = converted(source, tmp_path / "out")
    assert [name.number for name in names] == _run(found, bundle.skip_tags)


def _run(found: PreparedFolder, skip_tags: tuple[str, ...]) -> list[int]:
    staff = json.loads((found.folder / "staff.ipynb").read_text())
    return cell_numbers(staff["cells"], skip_tags=skip_tags)


def test_every_fault_of_a_cell_names_it_in_a_known_way(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both a cell and its place"):
        Problem(message="wrong", file="a.ipynb", cell=3)
    unread = ProblemList().make("wrong", file="a.ipynb", cell=3)
    assert unread.place == "cell 3 (text cells counted, too)"
