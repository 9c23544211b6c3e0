"""A safetensors header is trusted only as far as it agrees with the file."""

import io
import json
import struct

import pytest

from formats.findings import Findings
from formats.weights import safetensors
from tests.submissions.builders import check, codes, safetensors_bytes, tensor


def check_weights(data: bytes) -> Findings:
    return check(data, "safetensors", name="net.safetensors")


def test_good_file_has_no_problems() -> None:
    assert check_weights(safetensors_bytes()) == Findings()


def test_metadata_and_padding_are_allowed() -> None:
    header = {"__metadata__": {"format": "pt"}, "a": tensor()}
    padded = json.dumps(header).encode() + b" " * 7
    assert check_weights(safetensors_bytes(padded)) == Findings()


@pytest.mark.parametrize("length", [640, 896, 1152, 1408, 0x8B1F])
def test_length_that_looks_like_another_kind_of_file_is_allowed(length: int) -> None:
    header = json.dumps({"weight": tensor()}).encode().ljust(length)
    assert check_weights(safetensors_bytes(header)) == Findings()


def test_empty_tensor_is_allowed() -> None:
    header = {"a": tensor(shape=(0, 3), end=0), "b": tensor()}
    assert check_weights(safetensors_bytes(header)) == Findings()


def test_files_that_the_library_writes_are_accepted() -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    np = pytest.importorskip("numpy")
    data = numpy.save({"a": np.ones((3, 4), "float32"), "b": np.ones(3, "float16")})
    assert check_weights(data) == Findings()


@pytest.mark.parametrize("length", [10**12, 2**63, 1000])
def test_header_longer_than_the_file_is_refused(length: int) -> None:
    data = struct.pack("<Q", length) + b'{"a": 1}'
    assert codes(check_weights(data)) == ["safetensors_header"]


def test_huge_header_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safetensors, "MAX_HEADER_BYTES", 100)
    data = safetensors_bytes(b"{" + b" " * 200 + b"}")
    assert codes(check_weights(data)) == ["safetensors_header"]


def test_too_many_tensors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safetensors, "MAX_TENSORS", 2)
    header = {name: tensor(shape=(0,), end=0) for name in "abc"}
    assert codes(check_weights(safetensors_bytes(header, b""))) == [
        "safetensors_header"
    ]


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[1]  ",
        b"{not json}",
        b"{\xff\xff}",
        b'{"a": 1, "a": 2}',
        b"[" * 50_000,
        b'{"a": ' + b"9" * 9000 + b"}",
        b'{"__metadata__": {"a": "b"}}',
    ],
)
def test_ambiguous_header_is_refused(header: bytes) -> None:
    assert codes(check_weights(safetensors_bytes(header))) == ["safetensors_header"]


@pytest.mark.parametrize(
    "entry",
    [
        7,
        {},
        tensor(dtype="OBJECT"),
        tensor() | {"dtype": ["F32"]},
        tensor() | {"shape": "2"},
        tensor() | {"shape": [2.0]},
        tensor() | {"shape": [True, 2]},
        tensor() | {"data_offsets": [0]},
        tensor() | {"data_offsets": [0, 8, 8]},
        tensor(shape=(-1, -2)),
        tensor(shape=(10**12, 10**12)),
        tensor(shape=(2**200,)),
        tensor(shape=(1,) * 40),
        tensor(shape=(3,)),
        tensor(begin=8, end=0),
        tensor(begin=4, end=12),
    ],
)
def test_tensor_that_contradicts_itself_is_named(entry: object) -> None:
    found = check_weights(safetensors_bytes({"conv.weight": entry}))
    assert codes(found) == ["safetensors_tensor"]
    assert "conv.weight" in found.problems[0].message


def test_overlapping_tensors_are_refused() -> None:
    header = {"a": tensor(), "b": tensor(begin=4, end=12)}
    assert codes(check_weights(safetensors_bytes(header))) == ["safetensors_tensor"]


@pytest.mark.parametrize("size", [0, 7, 9, 1000])
def test_missing_or_extra_bytes_are_reported(size: int) -> None:
    found = check_weights(safetensors_bytes(data=bytes(size)))
    assert codes(found) == ["safetensors_length"]
    assert f"should have 8 bytes, but it has {size:,}." in found.problems[0].message


def test_only_the_header_is_read() -> None:
    data = io.BytesIO(safetensors_bytes({"a": tensor(shape=(10**6,), end=4 * 10**6)}))
    data.seek(0, io.SEEK_END)
    data.write(bytes(4 * 10**6 - 8))
    assert safetensors.check_safetensors(data, name="a.safetensors") == Findings()
    assert data.tell() < 200
