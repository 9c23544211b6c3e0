"""Folders of data are imported with a foreign notebook, except those for staff."""

from collections.abc import Callable
from pathlib import Path

import pytest

from formats.assignment import Limits
from formats.choices import Part
from formats.importing import notes_on
from tests.formats.importing.foreign import checking, code, converted, ok_file, write

Layout = Callable[..., Path]
CHECK = checking("t", "assert x == 1")


def files_of(source: Path, scratch: Path, part: Part = Part.PUBLIC) -> list[str]:
    _, bundle = converted(source, scratch)
    return [file.name for file in bundle.files if file.part == part]


def nbgrader(folder: Path, *names: str, cell: str = "x = 1") -> Path:
    write(folder, "source/ps/ps.ipynb", code(cell), CHECK)
    for name in names:
        (folder / "source/ps" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "source/ps" / name).write_text("1")
    return folder


def otter(folder: Path, *names: str, cell: str = "x = 1") -> Path:
    write(folder, "hw.ipynb", code(cell), code('grader.check("q1")'))
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("1")
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests/q1.py").write_text(ok_file("q1", {"code": ">>> x\n1"}))
    return folder


@pytest.mark.parametrize("layout", [nbgrader, otter])
def test_a_data_folder_keeps_its_structure(tmp_path: Path, layout: Layout) -> None:
    names = ("data/test/b.csv", "data/train/a.csv", "images/fig 1.png")
    source = layout(tmp_path / "in", *names)
    assert files_of(source, tmp_path / "out") == list(names)


@pytest.mark.parametrize(
    "cell",
    [
        "open('points/a.csv')",
        "from points import load",
        "import points.load",
        "Path('points') / 'a.csv'",
        "open(f'./points/{name}')",
    ],
)
def test_a_folder_that_the_hand_out_names_is_public(tmp_path: Path, cell: str) -> None:
    source = nbgrader(tmp_path / "in", "points/a.csv", "other/b.csv", cell=cell)
    assert files_of(source, tmp_path / "out") == ["points/a.csv"]


@pytest.mark.parametrize("layout", [nbgrader, otter])
@pytest.mark.parametrize(
    "name",
    ["solutions/a.py", "tests/data/a.csv", "private/a.csv", "data/hidden/a.csv"],
)
def test_a_folder_for_staff_is_left_out_even_if_the_hand_out_names_it(
    tmp_path: Path, layout: Layout, name: str
) -> None:
    cell = f"x = 1  # {name}"
    source = layout(tmp_path / "in", name, cell=cell)
    assert files_of(source, tmp_path / "out") == []


def test_a_left_out_folder_is_noted_once(tmp_path: Path) -> None:
    source = nbgrader(tmp_path / "in", "other/a.csv", "other/in/b.csv")
    found, _ = converted(source, tmp_path / "out")
    (note,) = found.notes
    assert (note.file, "2 files" in note.message) == ("source/ps/other", True)
    assert "data/" in note.hint


def test_a_folder_that_only_a_solution_names_is_left_out(tmp_path: Path) -> None:
    cell = "### BEGIN SOLUTION\nopen('points/a.csv')\n### END SOLUTION\nx = 1"
    source = nbgrader(tmp_path / "in", "points/a.csv", cell=cell)
    assert files_of(source, tmp_path / "out") == []


def test_files_of_an_autograder_keep_their_folders_and_are_named(
    tmp_path: Path,
) -> None:
    cell = "x = open('data/a.csv'), open('b.csv')"
    source = otter(tmp_path / "in", "files/data/a.csv", "files/b.csv", cell=cell)
    found, bundle = converted(source, tmp_path / "out")
    public = [file.name for file in bundle.files if file.part == Part.PUBLIC]
    assert public == ["b.csv", "data/a.csv"]
    assert any("b.csv, data/a.csv" in note.message for note in found.notes)


def test_a_package_beside_the_notebook_counts_as_the_assignments_own(
    tmp_path: Path,
) -> None:
    cell = "from tools.near import close\nx = 1"
    source = nbgrader(tmp_path / "in", "tools/__init__.py", cell=cell)
    names = ["tools/__init__.py", "tools/near.py"]
    (source / "source/ps/tools/near.py").write_text("def close(a): return True\n")
    write(source, "source/ps/ps.ipynb", code(cell), checking("t", "assert close(x)"))
    _, bundle = converted(source, tmp_path / "out")
    assert dict(bundle.imports) == {"close": "tools.near:close"}
    assert [f.name for f in bundle.files if f.part == Part.PUBLIC] == names


def test_a_file_with_a_forbidden_name_is_left_out_with_a_note(tmp_path: Path) -> None:
    source = nbgrader(tmp_path / "in", "data/zürich.csv", "data/a.csv")
    found, bundle = converted(source, tmp_path / "out")
    assert "data/a.csv" in [file.name for file in bundle.files]
    assert any("data/zürich.csv" in str(note) for note in found.notes)


@pytest.mark.parametrize(("megabytes", "count"), [(1, 1), (2, 0)])
def test_more_data_than_a_run_has_disk_is_noted(
    tmp_path: Path, megabytes: int, count: int
) -> None:
    source = nbgrader(tmp_path / "in", "data/a.bin")
    (source / "source/ps/data/a.bin").write_bytes(bytes(3 << 19))
    found, bundle = converted(
        source, tmp_path / "out", limits=Limits(disk_mb=megabytes)
    )
    notes = [note for note in notes_on(found, bundle) if "disk" in note.message]
    assert len(notes) == count
