"""Unpack a zip into a folder of ours: plain files only, and within limits."""

import io
import os
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from formats.problems import ProblemList
from formats.unreadable_files import Reason, wrong_file

MAX_ARCHIVE_BYTES: Final = 200 * 1024**2
MAX_BYTES: Final = 600 * 1024**2
MAX_MEMBERS: Final = 2_000
_PIECE: Final = 1 << 20
# Limit of the zip's directory: about 500 bytes for each member. It must be no less than
# _PIECE.
MAX_DIRECTORY_BYTES: Final = 1 << 20
_JUNK: Final = ("__MACOSX", "__pycache__", ".ipynb_checkpoints", ".git", ".OTTER_LOG")


@dataclass(frozen=True, kw_only=True)
class Source:
    """The files of an import, as sorted paths relative to `root`."""

    root: Path
    files: tuple[Path, ...]

    def under(self, folder: Path) -> tuple[Path, ...]:
        """Return the files directly in a folder."""
        return tuple(path for path in self.files if path.parent == folder)


class _TooManyError(Exception):
    """The archive is too large, or has too many members."""


def unpack(archive: Path, target: Path) -> Source:
    """Unpack the archive below `target`. Raises ImportRefusedError with the reasons.

    SECURITY: sizes are counted while they are written, whatever the directory says. No
    member is written outside `target`, and none is a link.
    """
    faults = ProblemList()
    name = archive.name
    try:
        with _BoundedFile(archive) as content, zipfile.ZipFile(content) as opened:
            members = _members(opened)
            for member in members:
                _check_member(member, name, faults)
            faults.raise_if_any()
            _write(opened, members, target, name)
    except _TooManyError as error:
        faults.add(
            f"The zip is larger than {MAX_ARCHIVE_BYTES >> 20} MB, or has more than "
            f"{MAX_MEMBERS:,} files.",
            file=name,
            hint="Leave out what the assignment does not need.",
        )
        raise faults.error() from error
    except (zipfile.BadZipFile, EOFError, NotImplementedError, OSError) as error:
        reason = _why_no_zip(archive)
        faults.add(reason.message, file=name, hint=reason.hint)
        raise faults.error() from error
    return walk(target)


def _why_no_zip(archive: Path) -> Reason:
    """Return the most likely reason why this is no zip, by its first bytes."""
    with archive.open("rb") as content:
        start = content.read(_PIECE)
    if start and not start.startswith(b"PK") and (found := wrong_file(start, "a zip")):
        return found
    return Reason(
        message=("This is not a zip that can be read."), hint="Make the zip again."
    )


def _members(opened: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    if len(opened.infolist()) > MAX_MEMBERS:
        raise _TooManyError
    return [each for each in opened.infolist() if not _is_left_out(each)]


class _BoundedFile(io.FileIO):
    """A file that refuses to read more at once than a zip directory may be long.

    SECURITY: the standard library reads a zip's whole directory at once, as long as the
    archive says it is, and makes a list of it. This limit holds in whichever way the
    archive states that length.
    """

    def __init__(self, path: Path) -> None:
        if path.stat().st_size > MAX_ARCHIVE_BYTES:
            raise _TooManyError
        super().__init__(path)

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            size = MAX_DIRECTORY_BYTES
        elif size > MAX_DIRECTORY_BYTES:
            raise _TooManyError
        return super().read(size)


def _is_left_out(member: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(member.filename).parts
    return member.is_dir() or any(part in _JUNK for part in parts)


def _check_member(member: zipfile.ZipInfo, archive: str, faults: ProblemList) -> None:
    path = PurePosixPath(member.filename)
    mode = member.external_attr >> 16
    why = ""
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
        why = "would be written outside its folder"
    elif ":" in member.filename or not member.filename.isprintable():
        why = "has a name that is not allowed"
    elif mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        why = "is a link or a device, not a file"
    elif member.flag_bits & 1:
        why = "is encrypted"
    elif member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        # A few bytes of bzip2 or LZMA can unpack to very many before they can be
        # counted.
        why = "is compressed in a way that cannot be read"
    if why:
        faults.add(
            f"“{ascii(member.filename)[1:-1][:80]}” {why}.",
            file=archive,
            hint="Put only plain files into the zip.",
        )


def _write(
    opened: zipfile.ZipFile,
    members: list[zipfile.ZipInfo],
    target: Path,
    archive: str,
) -> None:
    left = MAX_BYTES
    for member in members:
        path = target / member.filename
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as sink:
            left = _copy(opened, member, sink, left)
        if left < 0:
            faults = ProblemList()
            faults.add(
                f"The zip unpacks to more than {MAX_BYTES >> 20} MB.", file=archive
            )
            raise faults.error()


def _copy(
    opened: zipfile.ZipFile, member: zipfile.ZipInfo, sink: IO[bytes], left: int
) -> int:
    """Copy a member and return what is left of the limit, below zero if exceeded."""
    try:
        with opened.open(member) as content:
            while left >= 0 and (piece := content.read(_PIECE)):
                left -= len(piece)
                if left >= 0:
                    sink.write(piece)
    except (zlib.error, RuntimeError) as error:
        raise zipfile.BadZipFile from error
    return left


def walk(root: Path) -> Source:
    """Return the files below a folder, without hidden ones, caches and links."""
    found = []
    for place, folders, names in os.walk(root):
        folder = Path(place)
        folders[:] = sorted(f for f in folders if f not in _JUNK and f[0] != ".")
        for name in sorted(names):
            path = folder / name
            if name[0] != "." and path.is_file() and not path.is_symlink():
                found.append(path.relative_to(root))
    return Source(root=root, files=tuple(found))
