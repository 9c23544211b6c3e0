"""Files with names of staff material are not public, wherever they lie."""

from pathlib import Path, PurePath

import pytest

from formats.choices import Part
from formats.importing import notes_on
from formats.importing.mentions import Mentions, mentions_of
from formats.importing.staff_files import is_for_staff
from tests.formats.importing.foreign import checking, code, converted, text, write
from tests.formats.importing.test_data import Layout, nbgrader, otter

STAFFS = (
    *("hw.py", "hw.md", "hw.Rmd", "hw.html", "hw.tex", "hw.pdf", "hw.slides.html"),
    *("hw.ipynb.bak", "hw.ipynb.orig", "old.ipynb.bak", "hw-solution.py", "HW.py"),
    *(
        "solutions.py",
        "solution1.csv",
        "hwSolution.py",
        "hw1_soln.pdf",
        "mysolution.py",
    ),
    *("answers.csv", "my_answers.txt", "hidden_labels.csv", "labels_hidden.npy"),
    *("answer_key.csv", "exam_key.pdf", "gradebook.db", "gradebook.csv", "private.csv"),
    *("nbgrader_config.py", "autograder.py", "grader.py", "instructor_notes.md"),
    *(
        "data/hidden_labels.csv",
        "data/answers.csv",
        "data/in/solution.npz",
        "data/hw.py",
    ),
    *("images/solution.png", "Musterloesung.py", "loesungen.csv", "hw-Losung.npz"),
    *("corrige.py", "data/soluzioni.csv", "solucion.py", "solucao.csv", "facit.txt"),
    *("uitwerking.csv", "antworten.csv", "data/respuestas.csv", "oplossingen.py"),
)
# These are public if the hand-out names them.
DOUBTFUL = (
    *("course.db", "hw.csv", "test_hw.py", "tests.py", "grades.csv", "rubric.txt"),
    *("feedback.html", "labels.csv", "old.zip", "hw_v2.py", "hw-old.md"),
)
STUDENTS = (
    *("data.csv", "train.csv", "test.csv", "helpers.py", "README.md", "resolution.csv"),
    *("autograd.py", "solver.py", "monkey.png", "data/test/a.csv", "data/labels.csv"),
    *("aufloesung.csv", "verlosung.csv", "resolucion.csv", "corrigenda.txt"),
    *("hw1_data.csv", "hw_data.csv", "data/course.db", "keyboard.txt", "data.csv.gz"),
)


def named(source: str) -> Mentions:
    return mentions_of([code(source)])


@pytest.mark.parametrize("name", STAFFS)
def test_staff_files_are_left_out_even_if_the_hand_out_names_them(name: str) -> None:
    source = f"open('{name}')" if not name.endswith("png") else ""
    assert is_for_staff(PurePath(name), ["hw"], named(source))


@pytest.mark.parametrize("name", DOUBTFUL)
def test_doubtful_files_are_public_only_if_the_hand_out_names_them(name: str) -> None:
    assert is_for_staff(PurePath(name), ["hw"], named("open('other')"))
    assert not is_for_staff(PurePath(name), ["hw"], named(f"open('{name}')"))


@pytest.mark.parametrize("name", STUDENTS)
def test_other_files_are_public(name: str) -> None:
    assert not is_for_staff(PurePath(name), ["hw"], named(""))


def test_a_picture_that_the_hand_out_shows_is_for_students() -> None:
    name = PurePath("images/hidden_layer.png")
    shown = mentions_of([text("![](images/hidden_layer.png)")])
    assert not is_for_staff(name, ["hw"], shown)


@pytest.mark.parametrize("layout", [nbgrader, otter])
def test_each_left_out_file_is_named_with_a_remedy(
    tmp_path: Path, layout: Layout
) -> None:
    names = ("data/a.csv", "data/hidden_labels.csv", "solutions.py", "a.csv")
    found, bundle = converted(layout(tmp_path / "in", *names), tmp_path / "out")
    public = {file.name for file in bundle.files if file.part == Part.PUBLIC}
    assert public == {"a.csv", "data/a.csv"}
    (note,) = [each for each in found.notes if "sound like" in each.message]
    assert "data/hidden_labels.csv, solutions.py" in note.message
    assert "another name" in note.hint
    assert "private/" in note.hint


@pytest.mark.parametrize(
    "folder", ["my_solutions", "hidden_tests", "answer-key", "autograded", "submitted"]
)
def test_a_folder_with_a_staff_like_name_is_left_out(
    tmp_path: Path, folder: str
) -> None:
    cell = f"x = open('data/{folder}/a.csv')"
    source = nbgrader(tmp_path / "in", f"data/{folder}/a.csv", cell=cell)
    _, bundle = converted(source, tmp_path / "out")
    assert not [file.name for file in bundle.files if file.part == Part.PUBLIC]


def test_modules_that_nothing_in_the_hand_out_names_are_noted(tmp_path: Path) -> None:
    write(
        tmp_path / "in",
        "source/ps/ps.ipynb",
        code("import near\nx = near.y"),
        checking("t", "assert x == 1"),
    )
    for name in ("near.py", "far.py"):
        (tmp_path / "in/source/ps" / name).write_text("y = 1\n")
    found, bundle = converted(tmp_path / "in", tmp_path / "out")
    (note,) = [n for n in notes_on(found, bundle) if "these modules" in n.message]
    assert "none of them: far.py." in note.message


def test_a_file_that_only_the_tests_name_is_noted(tmp_path: Path) -> None:
    """The tests need such a file, and it may hold right answers."""
    write(
        tmp_path / "in",
        "source/ps/ps.ipynb",
        code("x = open('inputs.csv').read()"),
        checking(
            "t",
            "assert x\n### BEGIN HIDDEN TESTS\ny = open('truth.csv').read()\n"
            "### END HIDDEN TESTS",
        ),
    )
    for name in ("inputs.csv", "truth.csv"):
        (tmp_path / "in/source/ps" / name).write_text("1")
    found, bundle = converted(tmp_path / "in", tmp_path / "out")
    (note,) = [n for n in notes_on(found, bundle) if "only tests name" in n.message]
    assert note.message.endswith("name: truth.csv.")


UNNAMED = "Students get these files"


@pytest.mark.parametrize("layout", [nbgrader, otter])
def test_each_public_file_that_the_hand_out_does_not_name_is_noted(
    tmp_path: Path, layout: Layout
) -> None:
    """No list of words covers all the names that staff use for right answers."""
    names = ("a.csv", "oracle.csv", "y_test.npy", "data/b.csv", "data/test_y.csv")
    cell = "x = open('a.csv'), open('data/b.csv')"
    found, bundle = converted(
        layout(tmp_path / "in", *names, cell=cell), tmp_path / "o"
    )
    (note,) = [each for each in notes_on(found, bundle) if UNNAMED in each.message]
    unnamed = "data/test_y.csv, oracle.csv, y_test.npy"
    assert note.message.endswith(f"none of them: {unnamed}.")
    assert "private/" in note.hint


@pytest.mark.parametrize("layout", [nbgrader, otter])
def test_nothing_is_noted_where_the_hand_out_names_all(
    tmp_path: Path, layout: Layout
) -> None:
    cell = "x = open('a.csv'), open('data/train/y.csv'), 'data/test/y.csv'"
    names = ("a.csv", "data/train/y.csv", "data/test/y.csv")
    found, bundle = converted(
        layout(tmp_path / "in", *names, cell=cell), tmp_path / "o"
    )
    assert not [each for each in notes_on(found, bundle) if UNNAMED in each.message]


def test_a_file_of_the_same_name_in_another_folder_is_noted(tmp_path: Path) -> None:
    names = ("data/train/y.csv", "data/held_out/y.csv")
    source = nbgrader(tmp_path / "in", *names, cell="open('data/train/y.csv')")
    found, _ = converted(source, tmp_path / "out")
    (note,) = [each for each in found.notes if UNNAMED in each.message]
    assert note.message.endswith("none of them: data/held_out/y.csv.")


def test_a_file_among_many_is_noted_by_its_name(tmp_path: Path) -> None:
    """Notes are merged into a count only for names that differ by a number."""
    names = [f"images/n{number}.csv" for number in range(4)]
    source = nbgrader(tmp_path / "in", *names, "images/y.csv")
    found, _ = converted(source, tmp_path / "out")
    (note,) = [each for each in found.notes if UNNAMED in each.message]
    assert note.message.endswith("none of them: images/n*.csv (4 files), images/y.csv.")
