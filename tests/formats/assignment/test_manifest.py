"""assignment.yaml is read strictly: every fault is found, with its line."""

from decimal import Decimal
from pathlib import Path

import pytest

from formats.assignment import Visibility, read_bundle
from formats.choices import FileKind, Part, QuestionKind
from tests.formats.assignment.bundles import (
    MANIFEST,
    faults_of,
    faults_with,
    line_of,
    write_bundle,
)


def test_sound_bundle_is_read_whole(tmp_path: Path) -> None:
    bundle = read_bundle(write_bundle(tmp_path))
    add, essay = bundle.questions
    assert (bundle.title, bundle.notebook) == ("A small task", "task.ipynb")
    assert bundle.points == Decimal(5)
    assert [check.points for check in add.checks] == [Decimal(1), Decimal(2)]
    assert add.checks[0].visibility == Visibility.ALWAYS
    assert add.checks[1].visibility == Visibility.AFTER_DEADLINE
    assert add.checks[1].description == "Large numbers are added."
    assert essay.kind == QuestionKind.MANUAL
    assert bundle.required_files[0].max_bytes == 2 * 1024**2
    assert [(file.part, file.name) for file in bundle.files] == [
        (Part.HANDOUT, "task.ipynb"),
        (Part.STAFF, "staff.ipynb"),
        (Part.TESTS, "add.py"),
    ]


def test_choices_are_those_of_the_models() -> None:
    assert set(FileKind) == set(FileKind.values)
    assert set(Part) == set(Part.values)
    assert set(QuestionKind) == set(QuestionKind.values)


def test_unknown_key_is_named_with_its_line_and_a_guess(tmp_path: Path) -> None:
    (fault,) = faults_with(
        tmp_path, "title: A small task", "title: A small task\nseeds: 1"
    )
    assert (fault.file, fault.line) == ("assignment.yaml", 3)
    assert "seeds" in fault.message
    assert "“seed”" in fault.hint


def test_every_fault_is_listed_in_one_reading(tmp_path: Path) -> None:
    text = MANIFEST.replace("kind: notebook", "kind: notebok").replace(
        "title: Adding", "titel: Adding"
    )
    faults = faults_of(write_bundle(tmp_path, manifest=text, tests="def small(:"))
    assert {fault.file for fault in faults} == {"assignment.yaml", "tests/add.py"}
    assert len(faults) >= 4


@pytest.mark.parametrize(
    ("value", "read"),
    [("no", "true or false"), ("10:00", "number"), ("null", "nothing")],
)
def test_text_that_yaml_reads_as_something_else_is_named(
    tmp_path: Path, value: str, read: str
) -> None:
    (fault,) = faults_with(tmp_path, "title: Adding", f"title: {value}")
    assert fault.line == line_of("title: Adding")
    assert read in fault.message
    assert f'"{value}"' in fault.hint


def test_key_that_yaml_reads_as_false_is_named(tmp_path: Path) -> None:
    (fault,) = faults_with(tmp_path, "title: Adding", "title: Adding\n    no: 1")
    assert "“no” as true or false" in fault.message


@pytest.mark.parametrize(
    "value", ["10:00", '"3"', "three", "1e400", ".inf", ".nan", "[3]"]
)
def test_points_must_be_a_plain_number(tmp_path: Path, value: str) -> None:
    faults = faults_with(tmp_path, "points: 3", f"points: {value}")
    assert any(
        "must be a number" in fault.message and fault.line == line_of("points: 3")
        for fault in faults
    )


@pytest.mark.parametrize("value", ["-1", "0.125", "100000"])
def test_points_must_be_ones_that_a_mark_can_hold(tmp_path: Path, value: str) -> None:
    faults = faults_with(tmp_path, "points: 3", f"points: {value}")
    assert faults[0].message.startswith("“points”")


def test_checks_must_add_up_to_the_question(tmp_path: Path) -> None:
    (fault,) = faults_with(tmp_path, "points: 3", "points: 3.5")
    assert "worth 3 points in all, but the question is worth 3.5" in fault.message
    assert fault.line == line_of("points: 3")


def test_points_are_exact_decimals(tmp_path: Path) -> None:
    text = (
        MANIFEST.replace("points: 3", "points: 0.3")
        .replace("points: 1\n", "points: 0.1\n")
        .replace("points: 2\n  - key", "points: 0.2\n  - key")
    )
    bundle = read_bundle(write_bundle(tmp_path, manifest=text))
    assert bundle.questions[0].points == Decimal("0.3")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("key: essay", "key: add", "already the key"),
        ("name: large", "name: small", "has a check “small” already"),
        ("title: A small task", "title: A\ntitle: B", "is here twice"),
    ],
)
def test_repeats_are_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert any(words in str(fault) for fault in faults_with(tmp_path, old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("visibility: always", "visibility: alway", "Did you mean “always”?"),
        ("kind: manual", "kind: essay", "“kind” cannot be “essay”"),
        ("kind: notebook", "kind: other", "of the kind “notebook”"),
        ("notebook: task.ipynb", "notebook: other.ipynb", "called “other.ipynb”"),
        ("key: essay", "key: my essay", "cannot be a key"),
        ("name: large", "name: is-large", "not a valid name of a Python function"),
        ("format: 1", "format: 2", "from 1 to 1"),
        ("max_mb: 2", "max_mb: 0", "must be above 0"),
        ("name: task.ipynb", "name: ../task.ipynb", "not allowed as a file name"),
        ("max_mb: 2", "max_mb: 2\n    optional: yes", "true or false"),
        ("kind: manual", "kind: auto", "has no checks"),
        ("title: A small task\n", "", "“title” is missing"),
        ("title: A small task", "title: ''", "is empty"),
        ("title: A small task", f"title: {'x' * 201}", "longer than 200"),
        (
            "notebook: task.ipynb",
            "notebook: task.ipynb\nskip_tags: a",
            "must be a list",
        ),
        ("notebook: task.ipynb", "notebook: task.ipynb\nlimits: 3", "key: value"),
    ],
)
def test_value_out_of_place_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert any(words in str(fault) for fault in faults_with(tmp_path, old, new))


def test_limits_of_parts_fit_into_the_run(tmp_path: Path) -> None:
    limits = "limits: {cell_seconds: 90, run_seconds: 60}\ntitle: A small task"
    (fault,) = faults_with(tmp_path, "title: A small task", limits)
    assert "longer than the whole run" in fault.message


def test_parameters_keep_their_types(tmp_path: Path) -> None:
    text = MANIFEST + "parameters: {TRAIN: false, RATE: 1.0e-3, N: 3, NAME: 'no'}\n"
    bundle = read_bundle(write_bundle(tmp_path, manifest=text))
    assert bundle.parameters == {"TRAIN": False, "RATE": 0.001, "N": 3, "NAME": "no"}


@pytest.mark.parametrize("line", ["{TRAIN: no}", "{a-b: 1}", "{T: 10:30}", "{T: [1]}"])
def test_parameters_are_plain_values_of_variables(tmp_path: Path, line: str) -> None:
    text = MANIFEST + f"parameters: {line}\n"
    assert len(faults_of(write_bundle(tmp_path, manifest=text))) == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"- a list",
        b"title: [",
        b"\ttitle: x",
        b"title: \xff",
        b"a: &a [*a]",
        b"title: \x00",
        b"[" * 20_000,
        b"a" * 300_000,
        b"a: 1\n---\nb: 2\n",
        b"? [1]\n: 2",
        b"<<: {a: 1}",
        b"title: !!python/object:os.system x",
    ],
)
def test_a_file_that_is_not_a_manifest_is_refused_in_words(
    tmp_path: Path, data: bytes
) -> None:
    faults = faults_of(write_bundle(tmp_path, manifest=data))
    assert faults
    assert all(fault.file == "assignment.yaml" for fault in faults)


@pytest.mark.parametrize("secret", ["-1", "1.5", "1000000000000", '"7"'])
def test_a_secret_seed_is_a_number_of_twelve_digits_at_most(
    tmp_path: Path, secret: str
) -> None:
    line = f"title: A small task\ngrading_seed: {secret}"
    (fault,) = faults_with(tmp_path, "title: A small task", line)
    assert "grading_seed" in fault.message
