"""Reads and changes of files in a folder that an untrusted process has filled.

Each path is relative to an open folder. Functions that change a file are called only
while no process of the job works in the folder.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_CHUNK: Final = 1024**2
_WRITE: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# Without a change of the time of access.
READ: Final = os.O_RDONLY | os.O_NONBLOCK | os.O_NOATIME | os.O_CLOEXEC
_LIST: Final = READ | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def closing(fd: int) -> Iterator[int]:
    """Close the descriptor at the end."""
    try:
        yield fd
    finally:
        os.close(fd)


def listing(top: int, path: str) -> list[tuple[str, os.stat_result]]:
    """Return the names in the folder and their status, in the order of the listing."""
    with (
        closing(os.open(path or ".", _LIST, dir_fd=top)) as fd,
        os.scandir(fd) as found,
    ):
        return [(one.name, one.stat(follow_symlinks=False)) for one in found]


def status(top: int, path: str) -> os.stat_result:
    """Return the status of the path, which may be "" for the open folder itself."""
    if not path:
        return os.fstat(top)
    return os.stat(path, dir_fd=top, follow_symlinks=False)


def lift(top: int, path: str, mode: int) -> None:
    """Allow the owner to change what lies in the folder."""
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        as_path(top, path).chmod(stat.S_IMODE(mode) | stat.S_IRWXU)


def move(source: tuple[int, str], target: tuple[int, str], mode: int) -> None:
    """Rename a file or a folder, which needs the right to write to a folder."""
    if stat.S_ISDIR(mode):
        lift(*source, mode)
    os.rename(source[1], target[1], src_dir_fd=source[0], dst_dir_fd=target[0])
    if stat.S_ISDIR(mode):
        os.chmod(target[1], stat.S_IMODE(mode), dir_fd=target[0])


def as_path(top: int, path: str) -> Path:
    """Return an absolute path for this process."""
    return Path(f"/proc/self/fd/{top}", path)


def open_to_write(top: int, path: str) -> int:
    """Open the file, emptied; make it if nothing is there."""
    with contextlib.suppress(FileNotFoundError):
        info = status(top, path)
        with contextlib.suppress(OSError):  # a program that runs cannot be written to
            if not info.st_mode & stat.S_IWUSR:
                os.chmod(path, stat.S_IRUSR | stat.S_IWUSR, dir_fd=top)
            return os.open(path, _WRITE | os.O_TRUNC, dir_fd=top)
        os.unlink(path, dir_fd=top)
    flags = _WRITE | os.O_CREAT | os.O_EXCL
    return os.open(path, flags, stat.S_IRUSR | stat.S_IWUSR, dir_fd=top)


def send(source: int, sink: int, size: int) -> None:
    """Copy `size` bytes at most into an empty file. Holes stay holes.

    The copy ends even if the file keeps growing.
    """
    for start, end in _parts_with_data(source, size):
        os.lseek(sink, start, os.SEEK_SET)
        at = start
        while at < end:
            sent = os.sendfile(sink, source, at, min(_CHUNK, end - at))
            if not sent:
                break
            at += sent
    os.ftruncate(sink, min(size, os.fstat(source).st_size))


def have_same_data(one: int, other: int) -> bool:
    """Return whether two open files hold the same bytes. A hole is as good as zeros."""
    size = os.fstat(one).st_size
    if os.fstat(other).st_size != size:
        return False
    for file in (one, other):
        for start, end in _parts_with_data(file, size):
            for at in range(start, end, _CHUNK):
                most = min(_CHUNK, end - at)
                if os.pread(one, most, at) != os.pread(other, most, at):
                    return False
    return True


def _parts_with_data(fd: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the beginning and the end of each part that is no hole, up to `size`."""
    at = 0
    while at < size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
            at = min(size, os.lseek(fd, start, os.SEEK_HOLE))
        except OSError:
            return  # nothing follows but a hole
        if start < at:
            yield start, at
