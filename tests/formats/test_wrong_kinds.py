"""A file of the wrong kind is named by its real kind, with a remedy."""

import io
import zipfile

import pytest

from submissions.file_checks import FileRule, check_file
from tests.submissions.builders import (
    POINTER,
    check,
    codes,
    notebook_bytes,
    safetensors_bytes,
    state_dict_bytes,
)


def zip_of(**members: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name.replace("__", ".")), data)
    return content.getvalue()


LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03."
PAGE = b"\n<!DOCTYPE html><html><body>Sign in</body></html>"


@pytest.mark.parametrize("kind", ["notebook", "safetensors", "state_dict", "other"])
def test_lfs_pointer_is_named_for_every_kind_of_file(kind: str) -> None:
    found = check(POINTER, kind)
    assert codes(found) == ["lfs_pointer"]
    assert "git lfs pull" in found.problems[0].hint


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (PAGE, "a web page (HTML)"),
        (b"<?xml version='1.0'?><Error/>", "XML text"),
        (notebook_bytes(), "a notebook"),
        (b'{"a": 1}', "JSON text"),
        (b"hello, these are no weights at all", "plain text"),
        (b"%PDF-1.7", "a PDF document"),
        (b"\x1f\x8b\x08\x00", "a gzip archive"),
        (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
        (b"\x93NUMPY\x01\x00", "a NumPy array"),
        (b"\x80\x04\x95\x10", "a Python pickle"),
        (LEGACY, "from before version 1.6"),
        (zip_of(a__safetensors=safetensors_bytes()), "a zip archive"),
        (zip_of(a__npy=b""), "a NumPy archive"),
        (zip_of(model__weights__h5=b""), "a Keras model"),
        (zip_of(constants__pkl=b"", data__pkl=b""), "a TorchScript program"),
        (b"PK\x05\x06" + bytes(18), "a zip archive"),
    ],
)
@pytest.mark.parametrize("wanted", ["safetensors", "state_dict"])
def test_other_files_in_the_weights_slot_are_named_by_their_kind(
    wanted: str, data: bytes, named: str
) -> None:
    (found,) = check(data, wanted, name="net").problems
    assert found.code == "wrong_kind"
    assert named in found.message
    assert found.hint


def test_state_dict_where_safetensors_was_asked_for_gets_the_fix() -> None:
    (found,) = check(state_dict_bytes(), "safetensors", name="x.safetensors").problems
    assert "a PyTorch file" in found.message
    assert 'save_file(model.state_dict(), "x.safetensors")' in found.hint


def test_safetensors_where_a_state_dict_was_asked_for_gets_the_fix() -> None:
    (found,) = check(safetensors_bytes(), "state_dict", name="x.pth").problems
    assert "a safetensors file" in found.message
    assert 'torch.save(model.state_dict(), "x.pth")' in found.hint


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (PAGE, "a web page (HTML)"),
        (b"%PDF-1.7", "a PDF document"),
        (zip_of(a__ipynb=notebook_bytes()), "a zip archive"),
        (safetensors_bytes(), "a safetensors file"),
        (LEGACY, "from before version 1.6"),
        (b"\x89PNG\r\n\x1a\n", "an image"),
    ],
)
def test_other_files_in_the_notebook_slot_are_named_by_their_kind(
    data: bytes, named: str
) -> None:
    (found,) = check(data).problems
    assert found.code == "wrong_kind"
    assert named in found.message
    assert found.hint


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"import torch\nprint('hello')\n", "a Python script"),
        (b"# %%\nx = 1\n", "a Python script"),
        (b"Dear Sir,\nI could not do it.\n", "plain text"),
        (b"{\\rtf1 hello}", "a text document (RTF)"),
        (
            zip_of(document__xml=b"", **{"[Content_Types]__xml": b""}),
            "an office document",
        ),
        (zip_of(mimetype=b"application/vnd.oasis"), "an office document"),
        (zip_of(data__npy=b""), "a NumPy archive"),
        (state_dict_bytes(), "a PyTorch file"),
        (b"\0\x05\x16\x07\0\x02", "a file of macOS with notes"),
        (b"BZh91AY&SY", "a bzip2 archive"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "an image"),
        (b"\0\0\0\x18ftypmp42", "a sound or a film"),
    ],
)
def test_a_file_that_is_not_a_notebook_is_named_by_its_kind(
    data: bytes, named: str
) -> None:
    (found,) = check(data).problems
    assert found.code == "wrong_kind"
    assert found.message.startswith(f"“work.ipynb” is {named}")
    assert "this coursework asks for a Jupyter notebook." in found.message
    assert found.hint


@pytest.mark.parametrize(
    "data", [b"{", b"[1, 2", b"<<<<<<< HEAD\n{", b"3", '{"cells": [}'.encode("utf-16")]
)
def test_a_broken_notebook_is_not_named_as_another_kind(
    data: bytes,
) -> None:
    assert all(code.startswith("notebook_") for code in codes(check(data)))


@pytest.mark.parametrize(
    "kind", ["notebook", "safetensors", "state_dict", "torchscript"]
)
def test_a_file_is_called_by_the_name_that_the_person_chose(kind: str) -> None:
    rule = FileRule(name="net.pth", kind=kind, max_bytes=10**6)
    (found,) = check_file(io.BytesIO(b"%PDF-1.7"), rule, chosen="my cv.pdf").problems
    assert found.message.startswith("“my cv.pdf” is a PDF document")
    assert "as “net.pth”." in found.message
    assert (found.file, "my cv" in found.hint) == ("net.pth", False)


def test_other_problems_use_the_chosen_name_too() -> None:
    rule = FileRule(name="work.ipynb", kind="notebook", max_bytes=10**6)
    for data in (b"", POINTER, b"{", bytes(2 * 10**6)):
        (found,) = check_file(io.BytesIO(data), rule, chosen="mine.ipynb").problems
        assert "“mine.ipynb”" in found.message


def test_any_other_file_is_accepted_unchanged() -> None:
    assert codes(check(PAGE, "other")) == []


def test_random_bytes_are_not_a_state_dict() -> None:
    (found,) = check(b"\xfe\x01\x99" * 50, "state_dict", name="x.pth").problems
    assert "of an unknown kind" in found.message
