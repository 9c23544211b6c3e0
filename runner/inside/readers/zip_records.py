"""The directory of a zip archive as torch.save writes it: uncompressed records.

It is read strictly. Anything that torch or the check of an upload could understand in
another way is refused: bytes before or after the archive, two ends, two names that
differ only in case, a record under another name at its place.
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
        raise NotReadError(f"it has more than {_MAX_RECORDS:,} records")
    entries = list(_entries(data[start:end], count))
    contents = [_content(data, entry) for entry in entries]
    _check_places(entries, contents, start)
    names = [_text(entry.name) for entry in entries]
    if len({name.lower() for name in names}) != len(names):
        raise UnreadableError("two of its records have one name")
    parts = [name.partition("/") for name in names]
    if len({folder for folder, _, _ in parts}) != 1 or not all(
        sep for _, sep, _ in parts
    ):
        raise UnreadableError("its records are not in one folder")
    return {
        name: data[begin:stop]
        for (_, _, name), (begin, stop) in zip(parts, contents, strict=True)
    }


def _directory(data: memoryview) -> tuple[int, int, int]:
    """Return the number of records, and where the directory starts and ends."""
    end = len(data) - _END.size
    if end < 0:
        raise UnreadableError("its end is missing")
    mark, disk, first, here, count, length, start, comment = _END.unpack_from(data, end)
    if mark != b"PK\x05\x06" or comment:
        raise UnreadableError("its end is missing, or something follows it")
    if disk or first or here != count:
        raise UnreadableError("it is one part of several")
    end, told = _end_64(data, end)
    if told is not None:
        short = (count, length, start)
        if any(
            small not in (large, full)
            for small, large, full in zip(
                short, told, (_FULL_COUNT, _FULL, _FULL), strict=True
            )
        ):
            raise UnreadableError("it has two ends that differ")
        count, length, start = told
    if start + length != end:
        raise UnreadableError("its directory does not lie before its end")
    return count, start, end


def _end_64(data: memoryview, end: int) -> tuple[int, tuple[int, int, int] | None]:
    """Return the offset where the ends begin, and the numbers in the 64-bit end, or None."""
    place = end - _LOCATOR.size
    if place < 0 or bytes(data[place : place + 4]) != b"PK\x06\x07":
        return end, None
    _, disk, offset, disks = _LOCATOR.unpack_from(data, place)
    if disk or disks != 1 or offset != place - _END_64.size:
        raise UnreadableError("its larger end is not before its end")
    mark, size, _, _, disk, first, here, count, length, start = _END_64.unpack_from(
        data, offset
    )
    if mark != b"PK\x06\x06" or size != _END_64.size - 12:
        raise UnreadableError("its larger end is damaged")
    if disk or first or here != count:
        raise UnreadableError("it is one part of several")
    return offset, (count, length, start)


def _entries(directory: memoryview, count: int) -> Iterator[_Entry]:
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(directory):
            raise UnreadableError("its directory is cut short")
        fields = _ENTRY.unpack_from(directory, at)
        flags, method = fields[3], fields[4]
        packed, size, name_bytes, extra_bytes, comment_bytes = fields[8:13]
        begin = at + _ENTRY.size
        at = begin + name_bytes + extra_bytes + comment_bytes
        if fields[0] != b"PK\x01\x02" or at > len(directory):
            raise UnreadableError("its directory is damaged")
        if flags & ~_FLAGS or method != _STORED or packed != size:
            raise NotReadError("a record is packed or encrypted")
        if _FULL in (size, fields[16]):
            raise NotReadError("it is larger than 4 GB")
        # For a folder torch returns uninitialised memory, and it reads only one disk.
        if fields[13] or fields[15] & _FOLDER:
            raise UnreadableError("a record is a folder, or on another disk")
        name = bytes(directory[begin : begin + name_bytes])
        yield _Entry(name=name, flags=flags, size=size, offset=fields[16])
    if at != len(directory):
        raise UnreadableError("its directory has more records than it says")


def _content(data: memoryview, entry: _Entry) -> tuple[int, int]:
    """Return the offsets at which the record's bytes begin and stop."""
    if entry.offset + _LOCAL.size > len(data):
        raise UnreadableError("a record is not where the directory says")
    fields = _LOCAL.unpack_from(data, entry.offset)
    mark, flags, method = fields[0], fields[2], fields[3]
    name_bytes, extra_bytes = fields[9:11]
    begin = entry.offset + _LOCAL.size + name_bytes
    name = bytes(data[begin - name_bytes : begin])
    if (mark, flags, method, name) != (START, entry.flags, _STORED, entry.name):
        raise UnreadableError("a record is not where the directory says")
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
        raise UnreadableError("something stands before its first record")
    for offset, stop in places:
        if offset < end:
            raise UnreadableError("its records overlap")
        end = stop
    if end > start:
        raise UnreadableError("its records reach into its directory")


def _text(name: bytes) -> str:
    try:
        text = name.decode()
    except UnicodeDecodeError:
        raise UnreadableError("the name of a record is no text") from None
    if "\0" in text or "\\" in text or text.endswith("/"):
        raise UnreadableError("a record has an unusual name")
    return text
