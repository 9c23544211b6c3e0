"""The directory of a zip archive as torch.save writes it: uncompressed records.

It is read strictly. Anything that torch or the check of an upload could understand in
another way is refused: bytes before or after the archive, two ends, two names that
differ only in capitals, a record under another name at its place.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runner.inside.readers.unreadable import NotReadError, UnreadableError

START: Final = b"PK\x03\x04"
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_MAX_RECORDS: Final = 20_000
_FULL: Final = 0xFFFFFFFF
_FULL_COUNT: Final = 0xFFFF
# The flags of torch.save: sizes follow the content, and names are UTF-8.
_FLAGS: Final = 0x808
_STORED: Final = 0
_FOLDER: Final = 0x10


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """A record as the directory describes it."""

    name: bytes
    flags: int
    size: int
    offset: int


def read_records(data: memoryview) -> dict[str, memoryview]:
    """Return the records by their names, without the folder that all of them are in."""
    count, start, end = _directory(data)
    if count > _MAX_RECORDS:
        raise NotReadError(f"the archive has more than {_MAX_RECORDS:,} records")
    entries = list(_entries(data[start:end], count))
    contents = [_content(data, entry) for entry in entries]
    _check_places(entries, contents, start)
    names = [_text(entry.name) for entry in entries]
    if len({name.lower() for name in names}) != len(names):
        raise UnreadableError(
            "two of the archive's records have the same name, apart from capitals"
        )
    parts = [name.partition("/") for name in names]
    if len({folder for folder, _, _ in parts}) != 1 or not all(
        sep for _, sep, _ in parts
    ):
        raise UnreadableError("the archive's records are not in one folder")
    return {
        name: data[begin:stop]
        for (_, _, name), (begin, stop) in zip(parts, contents, strict=True)
    }


def _directory(data: memoryview) -> tuple[int, int, int]:
    """Return the number of records, and where the directory starts and ends."""
    end = len(data) - _END.size
    if end < 0:
        raise UnreadableError("the archive's end is missing")
    mark, disk, first, here, count, length, start, comment = _END.unpack_from(data, end)
    if mark != b"PK\x05\x06" or comment:
        raise UnreadableError("the archive's end is missing, or something follows it")
    if disk or first or here != count:
        raise UnreadableError("the archive is one part of several")
    end, told = _end_64(data, end)
    if told is not None:
        short = (count, length, start)
        if any(
            small not in (large, full)
            for small, large, full in zip(
                short, told, (_FULL_COUNT, _FULL, _FULL), strict=True
            )
        ):
            raise UnreadableError("the archive has two end records that differ")
        count, length, start = told
    if start + length != end:
        raise UnreadableError("the archive's directory is not directly before its end")
    return count, start, end


def _end_64(data: memoryview, end: int) -> tuple[int, tuple[int, int, int] | None]:
    """Return the offset where the ends begin, and the numbers in the 64-bit end, or None."""
    place = end - _LOCATOR.size
    if place < 0 or bytes(data[place : place + 4]) != b"PK\x06\x07":
        return end, None
    _, disk, offset, disks = _LOCATOR.unpack_from(data, place)
    if disk or disks != 1 or offset != place - _END_64.size:
        raise UnreadableError("the archive's 64-bit end record is not at its place")
    mark, size, _, _, disk, first, here, count, length, start = _END_64.unpack_from(
        data, offset
    )
    if mark != b"PK\x06\x06" or size != _END_64.size - 12:
        raise UnreadableError("the archive's 64-bit end record is damaged")
    if disk or first or here != count:
        raise UnreadableError("the archive is one part of several")
    return offset, (count, length, start)


def _entries(directory: memoryview, count: int) -> Iterator[_Entry]:
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(directory):
            raise UnreadableError("the archive's directory is incomplete")
        fields = _ENTRY.unpack_from(directory, at)
        flags, method = fields[3], fields[4]
        packed, size, name_bytes, extra_bytes, comment_bytes = fields[8:13]
        begin = at + _ENTRY.size
        at = begin + name_bytes + extra_bytes + comment_bytes
        if fields[0] != b"PK\x01\x02" or at > len(directory):
            raise UnreadableError("the archive's directory is damaged")
        if flags & ~_FLAGS or method != _STORED or packed != size:
            raise NotReadError("a record of the archive is compressed or encrypted")
        if _FULL in (size, fields[16]):
            raise NotReadError("the archive is larger than 4 GB")
        # For a folder torch returns uninitialised memory, and it reads only one disk.
        if fields[13] or fields[15] & _FOLDER:
            raise UnreadableError(
                "a record of the archive is a folder, or on another disk"
            )
        name = bytes(directory[begin : begin + name_bytes])
        yield _Entry(name=name, flags=flags, size=size, offset=fields[16])
    if at != len(directory):
        raise UnreadableError("the archive's directory holds more than its records")


def _content(data: memoryview, entry: _Entry) -> tuple[int, int]:
    """Return the offsets at which the record's bytes begin and stop."""
    if entry.offset + _LOCAL.size > len(data):
        raise UnreadableError("a record is not where the archive's directory says")
    fields = _LOCAL.unpack_from(data, entry.offset)
    mark, flags, method = fields[0], fields[2], fields[3]
    name_bytes, extra_bytes = fields[9:11]
    begin = entry.offset + _LOCAL.size + name_bytes
    name = bytes(data[begin - name_bytes : begin])
    if (mark, flags, method, name) != (START, entry.flags, _STORED, entry.name):
        raise UnreadableError("a record is not where the archive's directory says")
    begin += extra_bytes
    return begin, begin + entry.size


def _check_places(
    entries: list[_Entry], contents: list[tuple[int, int]], start: int
) -> None:
    """Raise UnreadableError if records overlap, or if bytes stand before the first."""
    end = 0
    places = sorted(
        (entry.offset, stop) for entry, (_, stop) in zip(entries, contents, strict=True)
    )
    if places and places[0][0] != 0:
        raise UnreadableError("the archive has bytes before its first record")
    for offset, stop in places:
        if offset < end:
            raise UnreadableError("the archive's records overlap")
        end = stop
    if end > start:
        raise UnreadableError("the archive's records reach into its directory")


def _text(name: bytes) -> str:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise UnreadableError(
            "a record of the archive has a name that is not UTF-8"
        ) from None
    if "\0" in text or "\\" in text or text.endswith("/"):
        raise UnreadableError("a record of the archive has an unsupported name")
    return text
