"""The inputs that `run_notebook` accepts, and the errors for others."""

import hashlib
import io
from pathlib import Path

import pytest

from portal.local_run.inputs import (
    RefusedFileError,
    Request,
    UnusableRequestError,
    read_parameter,
    read_request,
)
from portal.local_run.output import Output
from portal.local_run.run_report import words_for
from runner.protocol.jobs import JobResult, Limits, Scalar, Verdict
from tests.runner.notebooks import notebook


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "work.ipynb"
    path.write_text(notebook("1"))
    return path


def read(request: Request) -> object:
    return read_request(request, max_notebook_bytes=10_000)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("False", False),
        ("false", False),
        ("null", None),
        ("None", None),
        ("0", 0),
        ("-1.5", -1.5),
        ("'0'", "0"),
        ("no", "no"),
        ("", ""),
        ("a=b", "a=b"),
        ("[1]", "[1]"),
        ("1e999", "1e999"),
        ("(" * 5000, "(" * 5000),
    ],
)
def test_a_parameter_is_python_or_yaml_or_text(text: str, value: Scalar) -> None:
    name, found = read_parameter(f"x={text}")
    assert (name, found, type(found)) == ("x", value, type(value))


@pytest.mark.parametrize("text", ["TRAIN", "=1", "1x=2", "for=1", "a b=1"])
def test_a_parameter_must_name_a_variable(text: str) -> None:
    with pytest.raises(UnusableRequestError, match="Write NAME=VALUE"):
        read_parameter(text)


def test_a_file_goes_with_its_hash_and_its_own_name(work: Path) -> None:
    data = work.with_name("w.bin")
    data.write_bytes(b"weights")
    ready = read_request(Request(notebook=work, files=[data]), max_notebook_bytes=9999)
    (file,) = ready.spec.files
    assert (file.name, file.size) == ("w.bin", 7)
    assert file.sha256 == hashlib.sha256(b"weights").hexdigest()


def test_two_files_with_the_same_name_are_refused(work: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    twin = tmp_path / "other" / work.name
    twin.write_text("{}")
    with pytest.raises(
        UnusableRequestError, match=r"2 files have the name “work.ipynb”"
    ):
        read(Request(notebook=work, files=[twin]))


def test_a_folder_is_not_a_file(work: Path) -> None:
    with pytest.raises(UnusableRequestError, match="is a folder"):
        read(Request(notebook=work, files=[work.parent]))


def test_a_cell_s_limit_may_not_exceed_the_run_s(work: Path) -> None:
    limits = Limits(cell_seconds=600)
    with pytest.raises(UnusableRequestError, match="Give --run-seconds too"):
        read(Request(notebook=work, limits=limits))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_empty"),
        (b"{" + b" " * 10_000, "file_too_large"),
        (b"# text", "wrong_kind"),
        (b"PK\x03\x04" + bytes(30), "wrong_kind"),
        (b'{"nbformat": 5}', "notebook_too_new"),
        (b"version https://git-lfs.github.com/spec/v1\n", "lfs_pointer"),
    ],
)
def test_a_notebook_that_an_upload_refuses_is_refused(
    work: Path, content: bytes, code: str
) -> None:
    work.write_bytes(content)
    with pytest.raises(RefusedFileError) as refused:
        read(Request(notebook=work))
    (problem,) = refused.value.problems
    assert problem.code == code
    assert problem.hint


def test_weights_that_git_lfs_left_out_are_refused(work: Path) -> None:
    weights = work.with_name("w.safetensors")
    weights.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(RefusedFileError, match="lfs_pointer"):
        read(Request(notebook=work, files=[weights]))


def test_the_author_is_warned_of_files_that_will_not_be_there(work: Path) -> None:
    work.write_text(notebook("open('data.csv')"))
    (warning,) = read_request(Request(notebook=work), max_notebook_bytes=9999).warnings
    assert "opens “data.csv”" in warning.message


def output(work: Path, target: str) -> Output:
    return Output(target, notebook=work, out=io.StringIO())


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("{folder}/work.ipynb", "this is the notebook itself"),
        ("{folder}", "this is a folder"),
        ("{folder}/none/out.ipynb", "there is no folder"),
    ],
)
def test_an_unusable_output_path_is_refused_before_the_run(
    work: Path, target: str, why: str
) -> None:
    with pytest.raises(UnusableRequestError, match=why):
        output(work, target.format(folder=work.parent))


def test_the_executed_notebook_lies_beside_the_notebook(work: Path) -> None:
    where = output(work, "").write("{}")
    assert where == str(work.with_name("work.executed.ipynb"))
    assert sorted(each.name for each in work.parent.iterdir()) == [
        "work.executed.ipynb",
        "work.ipynb",
    ]


def test_our_fault_comes_with_its_reason_and_no_escapes() -> None:
    result = JobResult(
        job_id="job",
        verdict=Verdict.PLATFORM,
        code="environment_missing",
        detail={"reason": "cannot import \x1b]0;IPython"},
    )
    words = words_for(result)
    assert "cannot be used: cannot import" in words.text
    assert "\x1b" not in words.text


def test_questions_that_were_not_checked_are_not_mentioned() -> None:
    for verdict, code in (("limit", "cell_time"), ("student_error", "cells_failed")):
        result = JobResult(job_id="job", verdict=Verdict(verdict), code=code)
        words = words_for(result)
        assert words.hint
        assert "uestion" not in words.hint
