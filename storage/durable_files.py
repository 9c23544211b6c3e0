"""Files that have their name only once they are whole and on the disk."""

import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

FILE_MODE: Final = 0o440
FOLDER_MODE: Final = 0o750


def put_in_place(part: IO[bytes], target: Path) -> None:
    """Move the written file to its name so that it survives a power cut."""
    make_folder(target.parent)
    os.fchmod(part.fileno(), FILE_MODE)
    os.fsync(part.fileno())
    Path(part.name).replace(target)
    _sync_folder(target.parent)


def make_folder(folder: Path) -> None:
    """Create the folder and its parents, each private and synced to the disk."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=FOLDER_MODE)
        _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
