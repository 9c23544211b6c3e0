"""A zip is unpacked within limits; members that are not plain files are refused."""

import io
import stat
import struct
import zipfile
from decimal import Decimal
from pathlib import Path

import pytest

from formats import archives
from tests.formats.assignment.bundles import write_bundle
from tests.formats.importing.foreign import converted, refused, zipped


def packed(target: Path, name: str, content: bytes = b"x", *, mode: int = 0) -> Path:
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    with zipfile.ZipFile(target / "in.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content, zipfile.ZIP_DEFLATED)
    return target / "in.zip"


def test_our_own_folder_in_a_zip_is_the_same_bundle(tmp_path: Path) -> None:
    archive = zipped(write_bundle(tmp_path / "task"), tmp_path / "task.zip")
    _, bundle = converted(archive, tmp_path / "out")
    assert (bundle.title, bundle.points) == ("A small task", Decimal(5))


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        ("../out.py", 0, "outside its folder"),
        ("/etc/cron.d/x", 0, "outside its folder"),
        ("a\\..\\..\\b", 0, "outside its folder"),
        ("a/../../b", 0, "outside its folder"),
        ("c:x", 0, "has a name"),
        ("link", stat.S_IFLNK | 0o777, "is a link"),
        ("pipe", stat.S_IFIFO | 0o777, "is a link or a device"),
    ],
)
def test_only_plain_files_below_the_folder_are_accepted(
    tmp_path: Path, name: str, mode: int, words: str
) -> None:
    (fault,) = refused(packed(tmp_path, name, mode=mode), tmp_path / "out")
    assert words in fault.message
    assert not list((tmp_path / "out").rglob("*.py"))


def test_other_compression_methods_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "in.zip", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a", bytes(1000))
    (fault,) = refused(tmp_path / "in.zip", tmp_path / "out")
    assert "cannot be read" in fault.message


def test_a_bomb_stops_where_its_real_size_passes_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_BYTES", 1000)
    (fault,) = refused(packed(tmp_path, "zeros", bytes(5_000_000)), tmp_path / "out")
    assert "unpacks to more" in fault.message
    sizes = [p.stat().st_size for p in (tmp_path / "out").rglob("*") if p.is_file()]
    assert sum(sizes) <= 1000


def test_a_zip_of_very_many_files_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 0)
    (fault,) = refused(packed(tmp_path, "a"), tmp_path / "out")
    assert "more than 0 files" in fault.message


def zip_that_lies(members: int, *, in_64: bool) -> bytes:
    """Return a zip of empty folders whose end record counts one member."""
    folder = zipfile.ZipInfo("x" * 500 + "/")
    folder.header_offset = folder.CRC = 0
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.filelist = [folder] * members
        archive._didModify = True  # type: ignore[attr-defined]
    data = content.getvalue()
    end, length = data[-22:], len(data) - 22
    if not in_64:
        return data[:-14] + b"\1\0\1\0" + end[12:]
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, length, 0)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, length, 1)
    return data[:-22] + record + locator + end[:8] + b"\1\0\1\0" + bytes(10)


@pytest.mark.parametrize("in_64", [False, True])
def test_a_long_directory_is_refused_unread_whatever_its_end_record_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, in_64: bool
) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10**9)
    (tmp_path / "in.zip").write_bytes(zip_that_lies(4000, in_64=in_64))
    (fault,) = refused(tmp_path / "in.zip", tmp_path / "out")
    assert "or has more than" in fault.message


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 junk", b"x" * 100])
def test_junk_is_not_a_zip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.zip").write_bytes(content)
    (fault,) = refused(tmp_path / "in.zip", tmp_path / "out")
    assert "not a zip" in fault.message


def test_damaged_content_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path, "a", bytes(range(256)) * 40)
    data = bytearray(archive.read_bytes())
    data[60:90] = bytes(30)
    archive.write_bytes(bytes(data))
    (fault,) = refused(archive, tmp_path / "out")
    assert "not a zip" in fault.message


def test_other_kinds_of_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"")
    (fault,) = refused(tmp_path / "a.tar", tmp_path / "out")
    assert "Only a folder" in fault.message


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    (fault,) = refused(packed(tmp_path, "notes.txt"), tmp_path / "out")
    assert "not an assignment in a known format" in fault.message
