"""A file of the wrong kind is named for what it is, with the way out."""

import io
import zipfile

import pytest

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
def test_lfs_pointer_is_told_everywhere(kind: str) -> None:
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
def test_other_files_in_the_weights_slot(wanted: str, data: bytes, named: str) -> None:
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
def test_other_files_in_the_notebook_slot(data: bytes, named: str) -> None:
    (found,) = check(data).problems
    assert found.code == "wrong_kind"
    assert named in found.message
    assert found.hint


def test_python_file_as_notebook_is_no_json() -> None:
    assert codes(check(b"import torch\nprint('hello')\n")) == ["notebook_json"]


def test_any_other_file_is_taken_as_it_is() -> None:
    assert codes(check(PAGE, "other")) == []


def test_random_bytes_as_state_dict() -> None:
    (found,) = check(b"\xfe\x01\x99" * 50, "state_dict", name="x.pth").problems
    assert "of an unknown kind" in found.message
