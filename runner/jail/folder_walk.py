"""Places in a folder that untrusted processes have filled, looked at within bounds.

Files and folders that their owner may not read are opened all the same: they belong to
the job's user, whose first process lifts their mode meanwhile. No link is followed.
"""

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runner.jail.file_changes import READ, closing

# Of one state. Each level needs an open descriptor, and two calls inside one another.
MOST_ENTRIES: Final = 4_000
MOST_LEVELS: Final = 300
# The kernel takes no path of 4096 bytes.
MOST_PATH_BYTES: Final = 4_000
_AS_BYTES: Final = "utf-8", "surrogateescape"
_BY_PATH: Final = os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC

# The device and inode of a file, which differ for all files that exist now.
Key = tuple[int, int]


class VanishedError(OSError):
    """A path is gone, or is another file by now."""


def key_of(info: os.stat_result) -> Key:
    """Return the device and inode."""
    return info.st_dev, info.st_ino


@dataclass(frozen=True, kw_only=True)
class Place:
    """A name in an open folder, and its status."""

    name: str
    parent: int
    info: os.stat_result

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """Yield a descriptor that reads the file or folder. Raises VanishedError."""
        try:
            fd = os.open(self.name, _BY_PATH, dir_fd=self.parent)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise VanishedError(errno.ENOENT, "the path is gone") from error
        with closing(fd):
            found = os.fstat(fd)
            if key_of(found) != key_of(self.info):
                raise VanishedError(errno.ESTALE, "the path is another file by now")
            reading = _open_readable(fd, found)
        with closing(reading):
            yield reading


def _open_readable(fd: int, info: os.stat_result) -> int:
    """Open for reading what `fd` names by its path only.

    If the mode forbids this, it is lifted meanwhile.
    """
    own = f"/proc/self/fd/{fd}"
    mode = stat.S_IMODE(info.st_mode)
    needed = stat.S_IRUSR | (stat.S_IXUSR if stat.S_ISDIR(info.st_mode) else 0)
    if mode & needed == needed:
        return os.open(own, READ)
    os.chmod(own, mode | needed)  # noqa: PTH101 - a descriptor's own name
    try:
        return os.open(own, READ)
    finally:
        if not stat.S_ISDIR(info.st_mode):
            os.chmod(own, mode)  # noqa: PTH101 - same


@contextlib.contextmanager
def opened_folder(place: Place) -> Iterator[int]:
    """Yield a descriptor of the folder, whose owner may meanwhile look into it."""
    with place.opened() as fd:
        try:
            yield fd
        finally:
            _close_again(fd, place.info)


@contextlib.contextmanager
def opened_top(top: int) -> Iterator[int]:
    """Do the same for a folder that is open by its path only."""
    info = os.fstat(top)
    with closing(_open_readable(top, info)) as fd:
        try:
            yield fd
        finally:
            _close_again(fd, info)


def _close_again(fd: int, info: os.stat_result) -> None:
    if os.fstat(fd).st_mode != info.st_mode:
        os.fchmod(fd, stat.S_IMODE(info.st_mode))


class Bounds:
    """Counts the places of one state. Each method raises OSError past its bound."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def names(self, fd: int) -> list[str]:
        """Return the names in the open folder, in the order of the listing."""
        with os.scandir(fd) as found:
            return [one.name for one in itertools.islice(found, MOST_ENTRIES + 1)]

    def count(self, path: str, level: int) -> None:
        """Count one more place, by its path and its level in the folder."""
        if next(self._numbers) > MOST_ENTRIES:
            raise OSError(errno.EFBIG, "too many files")
        if level >= MOST_LEVELS or len(path.encode(*_AS_BYTES)) > MOST_PATH_BYTES:
            raise OSError(errno.ENAMETOOLONG, "too many folders inside one another")
