"""Files that arrive in pieces: a piece counts only once it is on the disk."""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import IO, Final

from storage.durable_files import sync_folder

_MODE: Final = 0o600


class PartBusyError(Exception):
    """Another request is writing to the file now."""


@contextmanager
def locked_part(path: Path) -> Iterator[FileIO]:
    """Open the file for one writer at a time, and make it if it is not there.

    The lock ends with the process, however it ends. Raises PartBusyError.
    """
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _MODE)
    with os.fdopen(descriptor, "r+b", buffering=0) as part:
        if is_new:
            sync_folder(path.parent)
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise PartBusyError from error
        yield part


def write_pieces(part: IO[bytes], start: int, pieces: Iterable[bytes]) -> int:
    """Write the pieces from byte `start` on, and return the length of the file.

    What stood there before is replaced. On return all of it survives a power cut. If
    it cannot be written, the file is cut to `start` bytes and the error is raised.
    """
    try:
        os.ftruncate(part.fileno(), start)
        part.seek(start)
        for piece in pieces:
            left = memoryview(piece)
            while left:
                left = left[part.write(left) :]
        os.fsync(part.fileno())
    except OSError:
        with suppress(OSError):
            os.ftruncate(part.fileno(), start)
        raise
    return part.tell()


def part_length(path: Path) -> int:
    """Return how many bytes the file has, 0 if it is not there."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
