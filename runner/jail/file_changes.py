"""Changes of files in a folder of an untrusted process's, in which no process works."""

import contextlib
import os
import stat
from pathlib import Path
from typing import Final

from runner.jail.folder_walk import Place

_CHUNK: Final = 4 * 1024**2
_WRITE: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def lift(folder: Path, mode: int) -> None:
    """Allow the owner to change what lies in the folder."""
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        folder.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)


def move(source: Path, target: Path, mode: int) -> None:
    """Rename a file or a folder, which needs the right to write to a folder."""
    if not stat.S_ISDIR(mode):
        source.rename(target)
        return
    lift(source, source.stat().st_mode)
    source.rename(target)
    target.chmod(stat.S_IMODE(mode))


def status_of(top: Path, path: str) -> os.stat_result | None:
    """Return the status of a path below `top`, None if a link leads to it or it is gone."""
    info = None
    whole = top
    for part in Path(path).parts:
        if info is not None and not stat.S_ISDIR(info.st_mode):
            return None
        whole /= part
        try:
            info = whole.lstat()
            if stat.S_ISDIR(info.st_mode) and whole != top / path:
                lift(whole, info.st_mode)
        except OSError:
            return None
    return info


def copy_out(place: Place, copy: Path) -> None:
    """Copy the file at the place to a new file. Raises VanishedError."""
    with place.opened() as source, copy.open("xb") as sink:
        send(source, sink.fileno(), place.info.st_size)


def open_to_write(where: Path) -> int:
    """Open the file, emptied. It is made anew if another name may belong to it."""
    with contextlib.suppress(OSError):  # it is not there, or may not be written
        if where.lstat().st_nlink == 1:
            return os.open(where, _WRITE | os.O_TRUNC)
    where.unlink(missing_ok=True)
    return os.open(where, _WRITE | os.O_CREAT | os.O_EXCL)


def send(source: int, sink: int, size: int) -> None:
    """Copy `size` bytes at most, so that the copy ends even if the file keeps growing."""
    offset = 0
    while offset < size:
        sent = os.sendfile(sink, source, offset, min(_CHUNK, size - offset))
        if not sent:
            return
        offset += sent
