"""A walk through a folder by descriptors, which works whatever lies in the folder.

A tree that a test has unpacked may be deeper than Python can recurse, and than any path
can name. Its folders may be closed to their owner, and hold links and pipes. The walk
holds one descriptor at a time, and opens nothing but folders.
"""

import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Generic, TypeVar

_HELD: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OWNER: Final = stat.S_IRWXU

# Taken here, before Python's own are replaced by others that find handed-in files.
_stat: Final = os.stat
_listdir: Final = os.listdir

Identity = tuple[int, int]
About = TypeVar("About")


class NotWalkedError(OSError):
    """Raised when the walk cannot finish: time was up, or a folder was moved."""


def identity_of(status: os.stat_result) -> Identity:
    """Return the device and inode, which differ for all files that exist now."""
    return status.st_dev, status.st_ino


@dataclass(slots=True)
class Level(Generic[About]):
    """A folder that the walk is in, with the names in it that are left to visit.

    `about` is the walker's own data for it. `mode` is the folder's mode before the walk.
    """

    name: str
    identity: Identity
    mode: int
    about: About
    names: list[str]


class TreeWalk(Generic[About]):
    """A walk over everything below a folder. Derive from it, and call `walk` once.

    Folders that are closed to their owner are opened. SECURITY: no link is followed. A
    folder that was moved during the walk ends it, so that it never leaves the tree.
    """

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._fd = -1
        self._levels: list[Level[About]] = []

    def visit(self, level: Level[About], name: str) -> None:
        """Handle an entry of the folder; may call `enter` for a folder."""
        raise NotImplementedError

    def leave(self, level: Level[About]) -> int | None:
        """Return the mode that the folder is to get, or None to leave it open."""
        raise NotImplementedError

    def left(self, level: Level[About]) -> None:
        """Handle the folder after the walk has left it."""

    def walk(self, top: Path, about: About) -> None:
        """Visit everything below the folder. Raises OSError."""
        with _held(str(top), None) as held:
            self._go_into(held, "", about)
        try:
            while self._levels:
                if time.monotonic() > self._deadline:
                    raise NotWalkedError("the time limit was reached")
                level = self._levels[-1]
                if level.names:
                    self.visit(level, level.names.pop())
                else:
                    self._go_out(level)
        finally:
            self._hold(-1)

    def status(self, name: str) -> os.stat_result:
        """Return the status of an entry of the folder that the walk is in."""
        return _stat(name, dir_fd=self._fd, follow_symlinks=False)

    def enter(self, name: str, expected: Identity, about: About) -> None:
        """Go into a folder. Raises NotWalkedError if it is not the expected one."""
        with _held(name, self._fd) as held:
            if identity_of(os.fstat(held)) != expected:
                raise NotWalkedError("a folder was moved")
            self._go_into(held, name, about)

    def remove(self, name: str, *, is_folder: bool) -> None:
        """Remove an entry of the folder that the walk is in."""
        if is_folder:
            os.rmdir(name, dir_fd=self._fd)
        else:
            os.unlink(name, dir_fd=self._fd)

    def _go_into(self, held: int, name: str, about: About) -> None:
        status = os.fstat(held)
        mode = stat.S_IMODE(status.st_mode)
        if mode & _OWNER != _OWNER:
            with suppress(OSError):  # it may be readable without this, or fail to open
                os.chmod(f"/proc/self/fd/{held}", mode | _OWNER)  # noqa: PTH101 - not by a name that may be another's
        fd = os.open(".", _READ, dir_fd=held)
        self._hold(fd)
        names = _listdir(fd)
        self._levels.append(Level(name, identity_of(status), mode, about, names))

    def _go_out(self, level: Level[About]) -> None:
        mode = self.leave(level)
        self._levels.pop()
        above = os.open("..", _READ, dir_fd=self._fd) if self._levels else -1
        with suppress(OSError):
            if mode is not None and stat.S_IMODE(os.fstat(self._fd).st_mode) != mode:
                os.fchmod(self._fd, mode)
        self._hold(above)
        if self._levels:
            if identity_of(os.fstat(above)) != self._levels[-1].identity:
                raise NotWalkedError("a folder was moved")
            self.left(level)

    def _hold(self, fd: int) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd


@contextmanager
def _held(name: str, above: int | None) -> Iterator[int]:
    """Yield a descriptor of the folder that needs no permission on the folder itself."""
    fd = os.open(name, _HELD, dir_fd=above)
    try:
        yield fd
    finally:
        os.close(fd)
