"""A bundle without “notebook” asks for files alone, and people mark them."""

from pathlib import Path

import pytest

from formats.assignment import read_bundle
from formats.choices import FileKind, Part, QuestionKind
from tests.formats.assignment.bundles import MANIFEST, faults_of, write_bundle
from tests.formats.assignment.files_bundles import (
    FILES_MANIFEST,
    files_faults_with,
    write_files_bundle,
)


def test_sound_bundle_needs_no_other_file(tmp_path: Path) -> None:
    bundle = read_bundle(write_files_bundle(tmp_path))
    assert bundle.is_files_only
    assert [file.kind for file in bundle.required_files] == [
        FileKind.PDF,
        FileKind.ZIP,
    ]
    assert {question.kind for question in bundle.questions} == {QuestionKind.MANUAL}
    assert bundle.files == ()


def test_students_may_get_files(tmp_path: Path) -> None:
    folder = write_files_bundle(tmp_path)
    (folder / "public").mkdir()
    # Students hand in a file of the same name. No run has both, so nothing is hidden.
    (folder / "public" / "report.pdf").write_bytes(b"%PDF-1.7 a template")
    (file,) = read_bundle(folder).files
    assert (file.part, file.name) == (Part.PUBLIC, "report.pdf")


def test_question_that_tests_would_check_is_refused(tmp_path: Path) -> None:
    (fault,) = files_faults_with(
        tmp_path,
        "    points: 6\n    kind: manual\n",
        "    points: 6\n    checks:\n      - name: long\n        points: 6\n",
    )
    assert "“method” is checked by tests" in fault.message
    assert fault.line == 13
    assert "kind: manual" in fault.hint


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("environment", "default"),
        ("queue", "gpu"),
        ("limits", "{run_seconds: 100}"),
        ("seed", "3"),
        ("grading_seed", "3"),
        ("skip_tags", "[skip]"),
        ("parameters", "{epochs: 1}"),
        ("imports", "{np: numpy}"),
    ],
)
def test_setting_of_runs_is_refused(tmp_path: Path, name: str, value: str) -> None:
    (fault,) = files_faults_with(
        tmp_path, "title: Report", f"title: Report\n{name}: {value}"
    )
    assert f"“{name}” is for runs" in fault.message
    assert fault.line == 3


def test_forgotten_line_of_a_notebook_is_named(tmp_path: Path) -> None:
    text = MANIFEST.replace("notebook: task.ipynb\n", "")
    (fault,) = faults_of(write_bundle(tmp_path, manifest=text))
    assert fault.message == "“notebook” is missing here."
    assert "notebook: task.ipynb" in fault.hint


def test_one_file_at_least_is_required(tmp_path: Path) -> None:
    (fault,) = files_faults_with(tmp_path, "max_mb: 5", "max_mb: 5\n    optional: true")
    assert "at least one file" in fault.message
    (fault,) = faults_of(
        write_files_bundle(
            tmp_path,
            FILES_MANIFEST[: FILES_MANIFEST.index("required_files")]
            + "required_files: []\n"
            + FILES_MANIFEST[FILES_MANIFEST.index("questions:") :],
        )
    )
    assert "at least one file" in fault.message


@pytest.mark.parametrize("name", ["staff.ipynb", "handout.ipynb"])
def test_notebook_that_nothing_would_use_is_refused(tmp_path: Path, name: str) -> None:
    folder = write_files_bundle(tmp_path)
    (folder / name).write_text("{}")
    (fault,) = faults_of(folder)
    assert fault.file == name
    assert "notebook: …" in fault.hint


@pytest.mark.parametrize("part", ["private", "solution", "tests"])
def test_files_of_runs_are_refused(tmp_path: Path, part: str) -> None:
    folder = write_files_bundle(tmp_path)
    (folder / part).mkdir()
    (folder / part / "report.pdf").write_bytes(b"%PDF-1.7")
    faults = faults_of(folder)
    assert faults
    assert all(fault.file.startswith(part) for fault in faults)


@pytest.mark.parametrize(
    ("kind", "ending"),
    [("png", ".png"), ("jpeg", ".jpg or .jpeg"), ("zip", ".zip")],
)
def test_name_must_have_the_ending_of_its_kind(
    tmp_path: Path, kind: str, ending: str
) -> None:
    (fault,) = files_faults_with(tmp_path, "kind: pdf", f"kind: {kind}")
    assert f"must end in {ending}" in fault.message


def test_text_may_have_any_ending(tmp_path: Path) -> None:
    assert not files_faults_with(
        tmp_path, "report.pdf\n    kind: pdf", "report.md\n    kind: text"
    )
