"""Read the directory of a zip archive with our own code, and unpack nothing.

The standard library reads a directory of any length into memory and trusts it. Here,
counts and sizes are limited before anything is read, and members that overlap or give a
wrong place are a fault.
"""

import os
import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Final

from formats.kinds import Kind

END: Final = struct.Struct("<4s4H2LH")
ENTRY: Final = struct.Struct("<4s6H3L5H2L")
LOCAL: Final = struct.Struct("<4s5H3L2H")
END_MARK: Final = b"PK\x05\x06"
ENTRY_MARK: Final = b"PK\x01\x02"
LOCAL_MARK: Final = b"PK\x03\x04"
MAX_COMMENT: Final = 65_535
MAX_MEMBERS: Final = 20_000
MAX_DIRECTORY_BYTES: Final = 4 * 1024**2
ENCRYPTED: Final = 0x1
STORED: Final = 0
NUMBERED_64: Final = (0xFFFF, 0xFFFFFFFF)


class ZipFaultError(Exception):
    """The directory is not sound. `why` completes “is not a whole file”."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


@dataclass(frozen=True, kw_only=True)
class Member:
    """The directory's entry of one member."""

    name: str
    is_stored: bool
    is_encrypted: bool
    packed_bytes: int
    size: int
    offset: int


def read_zip(content: IO[bytes]) -> list[Member]:
    """Return the members in the order of the directory. Raises ZipFaultError."""
    total = content.seek(0, os.SEEK_END)
    count, length, start = _find_end(content, total)
    if count > MAX_MEMBERS or length > MAX_DIRECTORY_BYTES:
        raise ZipFaultError(f"it has more than {MAX_MEMBERS:,} members")
    if start + length > total:
        raise ZipFaultError("its directory lies outside the file")
    content.seek(start)
    members = list(_entries(content.read(length), count))
    _check_places(members, start)
    return members


def _find_end(content: IO[bytes], total: int) -> tuple[int, int, int]:
    """Return the directory's number of members, its length and its offset."""
    tail_bytes = min(total, END.size + MAX_COMMENT)
    content.seek(total - tail_bytes)
    tail = content.read(tail_bytes)
    at = tail.rfind(END_MARK)
    if at < 0 or at + END.size > len(tail):
        raise ZipFaultError("its end is missing")
    _, disk, first_disk, here, count, length, start, _ = END.unpack_from(tail, at)
    if disk or first_disk or here != count:
        raise ZipFaultError("it is one part of several")
    if count == NUMBERED_64[0] or NUMBERED_64[1] in {length, start}:
        raise ZipFaultError("it is larger than 4 GB")
    return count, length, start


def _entries(directory: bytes, count: int) -> Iterator[Member]:
    at = 0
    for _ in range(count):
        if at + ENTRY.size > len(directory):
            raise ZipFaultError("its directory is cut short")
        fields = ENTRY.unpack_from(directory, at)
        if fields[0] != ENTRY_MARK:
            raise ZipFaultError("its directory is damaged")
        flags, method = fields[3], fields[4]
        packed, size, name_bytes, extra_bytes, comment_bytes = fields[8:13]
        begin = at + ENTRY.size
        name = directory[begin : begin + name_bytes]
        yield Member(
            name=name.decode("utf-8", "replace"),
            is_stored=method == STORED,
            is_encrypted=bool(flags & ENCRYPTED),
            packed_bytes=packed,
            size=size,
            offset=fields[16],
        )
        at += ENTRY.size + name_bytes + extra_bytes + comment_bytes


def _check_places(members: Sequence[Member], directory_start: int) -> None:
    """Raise ZipFaultError if members overlap each other or the directory."""
    end = 0
    for member in sorted(members, key=lambda each: each.offset):
        if member.offset < end:
            raise ZipFaultError("its members overlap")
        end = member.offset + LOCAL.size + member.packed_bytes
    if end > directory_start:
        raise ZipFaultError("its members reach into its directory")


def read_member(content: IO[bytes], member: Member) -> bytes:
    """Return the content of a stored member. Raises ZipFaultError."""
    content.seek(member.offset)
    head = content.read(LOCAL.size)
    if len(head) < LOCAL.size or not head.startswith(LOCAL_MARK):
        raise ZipFaultError("a member is not where its directory says")
    *_, name_bytes, extra_bytes = LOCAL.unpack(head)
    content.seek(name_bytes + extra_bytes, os.SEEK_CUR)
    return content.read(member.size)


def kind_of_zip(members: Sequence[Member]) -> Kind:
    """Return the kind of an archive with these members."""
    names = {member.name for member in members}
    leaves = {name.rpartition("/")[2] for name in names}
    for leaf, kind in LEAVES:
        if leaf in leaves:
            return kind
    if any(re.fullmatch(r"[^/]+/data\.pkl", name) for name in names):
        return Kind.TORCH_ZIP
    if names and all(name.endswith(".npy") for name in names):
        return Kind.NUMPY_ZIP
    return Kind.ZIP


LEAVES: Final = (
    ("archive_format", Kind.TORCH_EXPORT),
    ("constants.pkl", Kind.TORCHSCRIPT),
    ("[Content_Types].xml", Kind.OFFICE),
    ("mimetype", Kind.OFFICE),
    ("Document.iwa", Kind.OFFICE),
    ("model.weights.h5", Kind.KERAS),
)
