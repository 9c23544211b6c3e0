"""Files that have their name only once they are whole and on the disk."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

# How files end that have no name of their own yet.
PART: Final = ".part"
FILE_MODE: Final = 0o440
FOLDER_MODE: Final = 0o750


@contextmanager
def part_file(folder: Path) -> Iterator[IO[bytes]]:
    """Give a file in the folder to write to; delete it at the end unless it was renamed."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=PART, delete=False) as part:
        try:
            yield part.file
        finally:
            with suppress(FileNotFoundError):
                Path(part.name).unlink()


def put_in_place(part: IO[bytes], target: Path) -> None:
    """Move the written file to its name so that it survives a power cut."""
    make_folder(target.parent)
    os.fchmod(part.fileno(), FILE_MODE)
    os.fsync(part.fileno())
    Path(part.name).replace(target)
    sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Create the folder and its parents, each private and synced to the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=FOLDER_MODE)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put the folder's list of names on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
