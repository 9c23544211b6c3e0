"""A TorchScript program is searched through and never loaded."""

import io
import zipfile
from pathlib import Path

import pytest

from formats.findings import Findings
from formats.weights import torchscript
from tests.submissions.builders import check, codes, state_dict_bytes


def program(members: dict[str, bytes] | None = None, code: int = 100) -> bytes:
    """Return the bytes of a zip as torch.jit.save writes it."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in {
            "m/data.pkl": b"\x80\x02.",
            "m/constants.pkl": b"\x80\x02.",
            "m/data/0": bytes(64),
            **(members or {}),
        }.items():
            archive.writestr(name, data)
        source = zipfile.ZipInfo("m/code/__torch__.py")
        archive.writestr(source, b"#" * code, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def check_program(data: bytes) -> Findings:
    return check(data, "torchscript", name="net.pt")


def test_a_program_has_no_problems() -> None:
    assert check_program(program()) == Findings()


@pytest.mark.torch
@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
def test_programs_that_torch_writes_have_no_problems(tmp_path: Path) -> None:
    import torch  # noqa: PLC0415 - never beside the portal

    net = torch.nn.Sequential(*(torch.nn.Linear(8, 8) for _ in range(9)))
    torch.jit.script(net).save(str(tmp_path / "net.pt"))
    assert check_program((tmp_path / "net.pt").read_bytes()) == Findings()


def test_a_state_dict_in_place_of_a_program_gets_the_fix() -> None:
    found = check_program(state_dict_bytes())
    assert codes(found) == ["wrong_kind"]
    assert 'torch.jit.script(model).save("net.pt")' in found.problems[0].hint


def test_a_program_in_place_of_a_state_dict_is_named_as_one() -> None:
    found = check(program(), "state_dict", name="net.pt")
    assert codes(found) == ["wrong_kind"]


BAD = {
    "a name that climbs": program({"m/../x": b""}),
    "two folders": program({"n/x": b""}),
    "a drive": program({"c:/x": b""}),
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD)
def test_a_damaged_program_is_refused(data: bytes) -> None:
    assert codes(check_program(data)) == ["torchscript_damaged"]


def test_compressed_tensors_are_refused() -> None:
    content = io.BytesIO(program())
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr("m/data/1", bytes(10**6), zipfile.ZIP_DEFLATED)
    found = check_program(content.getvalue())
    assert codes(found) == ["torchscript_damaged"]
    assert "would grow" in found.problems[0].message


def test_too_much_code_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torchscript, "MAX_CODE_BYTES", 50)
    assert codes(check_program(program())) == ["torchscript_damaged"]
