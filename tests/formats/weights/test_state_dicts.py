"""A state dict is a zip of stored records and a plain pickle; nothing is unpickled."""

import io
import struct
import time
import zipfile

import pytest

from formats import zip_directory
from formats.findings import Findings
from formats.weights import state_dicts
from formats.zip_directory import END, ENTRY, LOCAL, read_zip
from tests.submissions.builders import check, codes, state_dict_bytes


def check_weights(data: bytes) -> Findings:
    return check(data, "state_dict", name="net.pth")


def calling(module: str, name: str) -> bytes:
    """Return a pickle that calls module.name("x") when it is loaded."""
    return f"c{module}\n{name}\n(S'x'\ntR.".encode()


def test_plain_state_dict_has_no_problems() -> None:
    assert check_weights(state_dict_bytes()) == Findings()


def test_pickle_that_runs_a_command_is_refused_unread() -> None:
    found = check_weights(state_dict_bytes(calling("posix", "system")))
    assert codes(found) == ["state_dict_pickle"]
    assert "posix.system" in found.problems[0].message


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("builtins", "eval"),
        ("torch", "load"),
        ("torch.storage", "_load_from_bytes"),
        ("torch.hub", "load"),
        ("operator", "attrgetter"),
    ],
)
def test_callables_that_no_state_dict_needs_are_refused(module: str, name: str) -> None:
    found = check_weights(state_dict_bytes(calling(module, name)))
    assert codes(found) == ["state_dict_pickle"]


def test_newer_pickle_instructions_are_read_too() -> None:
    pickled = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x01x\x85R."
    assert codes(check_weights(state_dict_bytes(pickled))) == ["state_dict_pickle"]


@pytest.mark.parametrize("module", ["__main__", "torch.nn.modules.container", "model"])
def test_whole_model_gets_the_one_line_fix(module: str) -> None:
    found = check_weights(state_dict_bytes(calling(module, "Net")))
    assert codes(found) == ["state_dict_module"]
    assert 'torch.save(model.state_dict(), "net.pth")' in found.problems[0].hint


@pytest.mark.parametrize("pickled", [b"", b"no pickle", b"\x80\x02", b"\xff."])
def test_damaged_pickle_is_refused(pickled: bytes) -> None:
    assert codes(check_weights(state_dict_bytes(pickled))) == ["state_dict_zip"]


def test_two_million_nested_lists_are_refused_quickly() -> None:
    found = check_weights(state_dict_bytes(b"]" * 2_000_000 + b"."))
    assert codes(found) == ["state_dict_too_complex"]


def test_large_pickle_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_dicts, "MAX_PICKLE_BYTES", 10)
    assert codes(check_weights(state_dict_bytes())) == ["state_dict_too_complex"]


def test_deflated_member_is_refused() -> None:
    data = state_dict_bytes(
        members={"m/data/1": bytes(10**6)}, compression=zipfile.ZIP_DEFLATED
    )
    assert codes(check_weights(data)) == ["state_dict_compressed"]


@pytest.mark.parametrize(
    "name",
    ["m/../../etc/passwd", "/etc/passwd", "m\\x", "m//x", "m/" + "a" * 300, "C:/x"],
)
def test_unusual_member_names_are_refused(name: str) -> None:
    assert "state_dict_names" in codes(
        check_weights(state_dict_bytes(members={name: b""}))
    )


def test_second_folder_is_refused() -> None:
    data = state_dict_bytes(members={"other/data/0": b""})
    assert codes(check_weights(data)) == ["state_dict_zip"]


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_file_cut_short_is_refused(kept: float) -> None:
    data = state_dict_bytes()
    assert codes(check_weights(data[: int(len(data) * kept)])) == ["state_dict_zip"]


def end_of(data: bytes) -> tuple[int, list[int]]:
    """Return the position of a zip's end record, and its numbers."""
    at = data.rfind(zip_directory.END_MARK)
    return at, list(zip_directory.END.unpack_from(data, at)[1:])


def with_end(data: bytes, **changes: int) -> bytes:
    """Return the same zip with another end record."""
    at, numbers = end_of(data)
    order = ("disk", "first", "here", "count", "length", "start", "comment")
    for name, value in changes.items():
        numbers[order.index(name)] = value
    end = zip_directory.END.pack(zip_directory.END_MARK, *numbers)
    return data[:at] + end + data[at + len(end) :]


@pytest.mark.parametrize(
    "changes",
    [
        {"count": 60_000, "here": 60_000},
        {"length": 2**31},
        {"start": 2**31},
        {"start": 0},
        {"start": 0xFFFFFFFF},
        {"disk": 1},
        {"here": 1},
        {"length": 10},
        {"count": 5, "here": 5},
    ],
)
def test_directory_with_false_numbers_is_refused(changes: dict[str, int]) -> None:
    found = check_weights(with_end(state_dict_bytes(), **changes))
    assert codes(found) == ["state_dict_zip"]


def test_overlapping_members_are_refused() -> None:
    data = bytearray(state_dict_bytes())
    _, numbers = end_of(bytes(data))
    second = data.find(zip_directory.ENTRY_MARK, numbers[5] + 4)
    struct.pack_into(
        "<L", data, second + 42, 4
    )  # at the position that the record gives
    assert codes(check_weights(bytes(data))) == ["state_dict_zip"]


def test_duplicate_member_is_refused() -> None:
    content = io.BytesIO(state_dict_bytes())
    with zipfile.ZipFile(content, "a") as archive, pytest.warns(match="Duplicate name"):
        archive.writestr("m/data/0", b"again")
    assert codes(check_weights(content.getvalue())) == ["state_dict_zip"]


@pytest.mark.torch
@pytest.mark.parametrize("extra", [{}, {"epoch": 3, "loss": 0.5, "names": ["a"]}])
def test_files_that_torch_saves_are_accepted(extra: dict[str, object]) -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    content = io.BytesIO()
    torch.save({**model.state_dict(), **extra}, content)
    assert check_weights(content.getvalue()) == Findings()


@pytest.mark.torch
def test_checkpoint_with_optimiser_is_accepted() -> None:
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(2, 2).half()
    state = torch.optim.Adam(model.parameters()).state_dict()
    content = io.BytesIO()
    torch.save({"model": model.state_dict(), "optimiser": state}, content)
    assert check_weights(content.getvalue()) == Findings()


def test_a_long_directory_is_read_in_linear_time() -> None:
    name, count = b"a/" + b"x" * 155, 20_000
    members = LOCAL.pack(b"PK\3\4", *[0] * 10) * count
    directory = b"".join(
        ENTRY.pack(b"PK\1\2", *[0] * 9, len(name), *[0] * 5, place * LOCAL.size) + name
        for place in range(count)
    )
    sizes = (count, count, len(directory), len(members), 0)
    data = members + directory + END.pack(b"PK\5\6", 0, 0, *sizes)
    started = time.process_time()
    assert len(read_zip(io.BytesIO(data))) == count
    assert time.process_time() - started < 1
