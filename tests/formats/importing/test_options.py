"""Options that people write for a foreign import are read as meant, or refused."""

from decimal import Decimal
from pathlib import Path

import pytest

from formats.choices import FileKind, Part
from formats.importing import OptionError, read_parameter, read_points, read_required
from runner.protocol.jobs import Scalar
from tests.formats.importing.foreign import checking, code, converted, refused, write


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("0.5", 0.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("1_000", 1000),
        ("None", None),
        ("adam", "adam"),
        ("'1'", "1"),
        ('"a=b"', "a=b"),
        ("a=b", "a=b"),
        ("[1]", "[1]"),
        ("NaN", "NaN"),
        ("'", "'"),
        ("", ""),
    ],
)
def test_a_parameter_is_a_plain_value(text: str, value: Scalar) -> None:
    name, found = read_parameter(f"lr = {text}")
    assert (name, found, type(found)) == ("lr", value, type(value))


@pytest.mark.parametrize("text", ["", "lr", "1a=2", "a.b=2", "for=2", "=2"])
def test_a_parameter_has_the_name_of_a_variable(text: str) -> None:
    with pytest.raises(OptionError, match="such as TRAIN=False"):
        read_parameter(text)


@pytest.mark.parametrize("text", ["q", "q=", "q=x", "q=-1", "q=inf", "q=nan"])
def test_points_are_a_number_from_0_up(text: str) -> None:
    with pytest.raises(OptionError):
        read_points(text)


def test_points_are_exact() -> None:
    assert read_points(" q 1 = 0.10 ") == ("q 1", Decimal("0.10"))


@pytest.mark.parametrize(
    ("text", "kind", "megabytes"),
    [
        ("net.pth", FileKind.STATE_DICT, 50),
        ("net.PT = 3", FileKind.STATE_DICT, 3),
        ("a b.safetensors=1", FileKind.SAFETENSORS, 1),
        ("report.pdf", FileKind.OTHER, 50),
    ],
)
def test_a_required_file_has_the_kind_of_its_ending(
    text: str, kind: FileKind, megabytes: int
) -> None:
    file = read_required(text)
    assert (file.kind, file.max_bytes >> 20) == (kind, megabytes)


@pytest.mark.parametrize("text", ["", "../a", "a/b", "a=0", "a=x", "a=1.5", "a=²"])
def test_a_required_file_has_a_name_and_a_size(text: str) -> None:
    with pytest.raises(OptionError):
        read_required(text)


def nbgrader(folder: Path) -> Path:
    cells = code("net = load('net.pth')"), checking("t", "assert net")
    return write(folder, "source/ps/ps.ipynb", *cells).parent


def test_a_required_file_beside_the_source_is_the_model_solutions(
    tmp_path: Path,
) -> None:
    (nbgrader(tmp_path / "in") / "net.pth").write_bytes(b"w")
    required = (read_required("net.pth=1"),)
    found, bundle = converted(
        tmp_path / "in", tmp_path / "out", required_files=required
    )
    last = bundle.files[-1]
    assert (last.part, last.name) == (Part.SOLUTION, "net.pth")
    assert (found.notes, bundle.required_files[1].name) == ((), "net.pth")


def test_a_required_file_that_the_model_solution_lacks_is_a_note(
    tmp_path: Path,
) -> None:
    nbgrader(tmp_path / "in")
    required = (read_required("net.pth"),)
    found, _ = converted(tmp_path / "in", tmp_path / "out", required_files=required)
    (note,) = found.notes
    assert ("no “net.pth”" in note.message, "--solution" in note.hint) == (True, True)


def test_a_file_of_the_model_solution_can_be_given(tmp_path: Path) -> None:
    nbgrader(tmp_path / "in")
    (tmp_path / "net.pth").write_bytes(b"w")
    found, bundle = converted(
        tmp_path / "in",
        tmp_path / "out",
        required_files=(read_required("net.pth"),),
        solution=(tmp_path / "net.pth",),
    )
    assert (found.notes, bundle.files[-1].name) == ((), "net.pth")


def test_points_of_an_unknown_question_are_refused(tmp_path: Path) -> None:
    nbgrader(tmp_path / "in")
    (fault,) = refused(tmp_path / "in", tmp_path / "out", points={"tt": Decimal(1)})
    assert "“tt”" in fault.message
