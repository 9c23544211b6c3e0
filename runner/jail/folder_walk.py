"""A walk through a folder that untrusted processes have filled, within bounds.

Files and folders that their owner may not read are opened all the same: they belong to
the job's user, whose first process lifts their mode meanwhile.
"""

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_ENTRIES: Final = 4_000
MOST_LEVELS: Final = 64
_BY_PATH: Final = os.O_PATH | os.O_CLOEXEC
_READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class VanishedError(OSError):
    """A path is gone, or is another file by now."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A path in the folder: its name, the open folder that holds it, and its status.

    If `is_behind` is true, the path is a symbolic link out of the folder, and `info` is
    the status of what lies behind it.
    """

    path: str
    name: str
    parent: int
    info: os.stat_result
    is_behind: bool = False

    @contextlib.contextmanager
    def opened(self) -> Iterator[int]:
        """Yield a descriptor that reads the file or folder. Raises VanishedError."""
        follow = 0 if self.is_behind else os.O_NOFOLLOW
        try:
            fd = os.open(self.name, _BY_PATH | follow, dir_fd=self.parent)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise VanishedError(errno.ENOENT, "the path is gone") from error
        with _closing(fd):
            found = os.fstat(fd)
            if (found.st_dev, found.st_ino) != (self.info.st_dev, self.info.st_ino):
                raise VanishedError(errno.ESTALE, "the path is another file by now")
            with readable(fd, found) as reading:
                yield reading


@contextlib.contextmanager
def readable(fd: int, info: os.stat_result) -> Iterator[int]:
    """Yield a descriptor that reads what `fd` names by its path only.

    If the mode forbids reading, it is lifted until the end.
    """
    own = f"/proc/self/fd/{fd}"
    mode = stat.S_IMODE(info.st_mode)
    needed = stat.S_IRUSR | (stat.S_IXUSR if stat.S_ISDIR(info.st_mode) else 0)
    is_closed = mode & needed != needed
    if is_closed:
        os.chmod(own, mode | needed)  # noqa: PTH101 - a descriptor's own name
    try:
        reading = os.open(own, _READ)
        with _closing(reading):
            yield reading
    finally:
        if is_closed:
            os.chmod(own, mode)  # noqa: PTH101 - same


@contextlib.contextmanager
def _closing(fd: int) -> Iterator[None]:
    try:
        yield
    finally:
        os.close(fd)


class Walk:
    """A walk through the folder `top`, and through what it links to in `others`.

    `others` are all places where the job can make files. What lies behind a link to any
    other place cannot change, so that such a link is only a link.
    """

    def __init__(self, top: Path, others: Sequence[Path]) -> None:
        self._top = top
        self._others = others
        self._numbers = itertools.count(1)

    def places(self) -> Generator[Place]:
        """Yield every path below the top, each folder before what lies in it.

        Paths that vanish meanwhile are left out. Raises OSError if there are too many.
        """
        fd = os.open(self._top, _BY_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
        with _closing(fd), readable(fd, os.fstat(fd)) as reading:
            yield from self._below(reading, "", 0)

    def _below(self, fd: int, prefix: str, level: int) -> Iterator[Place]:
        if level > MOST_LEVELS:
            raise OSError(errno.ENAMETOOLONG, "too many folders inside one another")
        with os.scandir(fd) as found:
            names = [one.name for one in itertools.islice(found, MOST_ENTRIES + 1)]
        for name in names:
            if next(self._numbers) > MOST_ENTRIES:
                raise OSError(errno.EFBIG, "too many files")
            with contextlib.suppress(VanishedError, FileNotFoundError):
                place = self._place(fd, prefix + name, name)
                yield place
                if stat.S_ISDIR(place.info.st_mode):
                    with place.opened() as child:
                        yield from self._below(child, f"{prefix}{name}/", level + 1)

    def _place(self, fd: int, path: str, name: str) -> Place:
        info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        behind = None
        if stat.S_ISLNK(info.st_mode):
            behind = self._behind(fd, name)
        return Place(
            path=path,
            name=name,
            parent=fd,
            info=behind or info,
            is_behind=behind is not None,
        )

    def _behind(self, parent: int, name: str) -> os.stat_result | None:
        """Return the status of what lies behind a link out of the folder, or None.

        None stands for a link that leads nowhere, to a place where the job can make no
        files, or into the folder itself.
        """
        try:
            fd = os.open(name, _BY_PATH, dir_fd=parent)
        except OSError:
            return None
        with _closing(fd):
            target = Path(os.readlink(f"/proc/self/fd/{fd}"))  # noqa: PTH115 - magic
            is_inside = target.is_relative_to(self._top)
            is_around = self._top.is_relative_to(target)
            can_change = any(map(target.is_relative_to, self._others))
            info = os.fstat(fd)
        kind = stat.S_IFMT(info.st_mode)
        if is_inside or is_around or not can_change:
            return None
        return info if kind in {stat.S_IFREG, stat.S_IFDIR} else None
