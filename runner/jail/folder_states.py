"""States of a job's working folder: saved at one moment, and restored at another.

All processes of a job work in one folder. A snapshot waits for its question while later
cells write files, so without this it would find the files as the last cell left them.
The job's first process keeps the states, in a folder to which Landlock gives the other
processes no access.
"""

import contextlib
import errno
import itertools
import os
import stat
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runner.system.trees import remove

_MOST_ENTRIES: Final = 4_000
_MOST_LEVELS: Final = 64
# Paths of all states together: the first process keeps them in its memory.
_MOST_KEPT: Final = 50_000
_CHUNK: Final = 4 * 1024**2
# The kernel's clock for file times advances every few milliseconds. Two changes of a file
# within one step look like one.
_STEP_NS: Final = 20_000_000
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_OPEN_FOLDER: Final = _READ | os.O_DIRECTORY
_WRITE: Final = os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

# Inode, size, and the times of the last change of content and of anything.
_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a state holds for one path.

    `stamp` is None if the file may change without a difference in it. `content` is a
    file's copy, and `target` the text of a symbolic link.
    """

    mode: int
    modified_ns: int = 0
    stamp: _Stamp | None = None
    content: Path | None = None
    target: str = ""

    @property
    def kind(self) -> int:
        return stat.S_IFMT(self.mode)


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A path in the folder: its name, the open folder that holds it, and its status."""

    path: str
    name: str
    parent: int
    info: os.stat_result


class FolderStates:
    """The states of one folder, by number.

    The first state, 0, is the folder as it is now. Files of it that are also in
    `originals`, which never change, are not copied again. `store` is an empty folder for
    copies; its file system limits their size. Raises OSError if there is no room, or if
    the folder holds too many files.
    """

    def __init__(self, folder: Path, store: Path, originals: Path) -> None:
        self._folder = folder
        self._store = store
        self._originals = originals
        self._copies = itertools.count()
        self._states: list[dict[str, _Entry]] = []
        self._kept = 0
        self.save()

    def save(self) -> int:
        """Save the folder's present state, and return its number. Raises OSError.

        Files that have not changed since the last state are not copied again. Sockets,
        pipes and devices are left out.
        """
        state: dict[str, _Entry] = {}
        made: list[Path] = []
        if self._kept > _MOST_KEPT:
            raise OSError(errno.ENOSPC, "too many states")
        try:
            with contextlib.closing(_walk(self._folder)) as places:
                for place in places:
                    entry = self._entry(place, made)
                    if entry is not None:
                        state[place.path] = entry
        except OSError:
            for copy in made:
                copy.unlink(missing_ok=True)
            raise
        if self._states and state == self._states[-1]:
            return len(self._states) - 1
        self._kept += len(state)
        self._states.append(state)
        return len(self._states) - 1

    def _entry(self, place: _Place, made: list[Path]) -> _Entry | None:
        info = place.info
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(place.name, dir_fd=place.parent)
            return _Entry(mode=info.st_mode, target=target)
        if stat.S_ISDIR(info.st_mode):
            return _Entry(mode=info.st_mode)
        if not stat.S_ISREG(info.st_mode):
            return None
        old = self._states[-1].get(place.path) if self._states else None
        if old is not None and old.stamp == _stamp(info):
            return old
        content = self._original(place)
        is_settled = content is not None or _is_settled(info)
        if content is None:
            content = self._store / str(next(self._copies))
            made.append(content)
            _copy_out(place, content)
        return _Entry(
            mode=info.st_mode,
            modified_ns=info.st_mtime_ns,
            stamp=_stamp(info) if is_settled else None,
            content=content,
        )

    def _original(self, place: _Place) -> Path | None:
        """Return the unchanging copy of a file that the job has just been given."""
        if self._states:
            return None
        original = self._originals / place.path
        with contextlib.suppress(OSError):
            if original.lstat().st_size == place.info.st_size:
                return original
        return None

    def restore(self, number: int) -> None:
        """Give the folder the state again. Raises OSError.

        Folders and files that are in both keep their inodes. Call it while no process of
        the job works in the folder.
        """
        state = self._states[number]
        present = _remove_others(self._folder, state)
        folders = [one for one in state if state[one].kind == stat.S_IFDIR]
        for path, entry in state.items():
            where = self._folder / path
            if entry.kind == stat.S_IFDIR:
                if path not in present:
                    where.mkdir(mode=stat.S_IRWXU)
            elif entry.kind == stat.S_IFLNK:
                if path not in present:
                    where.symlink_to(entry.target)
            elif entry.stamp is None or present.get(path) != entry.stamp:
                _copy_back(entry, where)
        for path in reversed(folders):  # a folder may forbid writing below it
            (self._folder / path).chmod(stat.S_IMODE(state[path].mode))


def _walk(top: Path) -> Generator[_Place]:
    """Yield every path below `top`, each folder before what lies in it.

    Nothing is followed out of the folder, whatever the job's processes change meanwhile.
    Raises OSError if there are too many paths.
    """
    fd = os.open(top, _OPEN_FOLDER)
    try:
        yield from _walk_open(fd, "", itertools.count(1), 0)
    finally:
        os.close(fd)


def _walk_open(
    fd: int, prefix: str, numbers: Iterator[int], level: int
) -> Iterator[_Place]:
    if level > _MOST_LEVELS:
        raise OSError(errno.ENAMETOOLONG, "too many folders inside one another")
    with os.scandir(fd) as found:
        names = [one.name for one in itertools.islice(found, _MOST_ENTRIES + 1)]
    for name in names:
        if next(numbers) > _MOST_ENTRIES:
            raise OSError(errno.EFBIG, "too many files")
        info = os.stat(name, dir_fd=fd, follow_symlinks=False)
        yield _Place(path=prefix + name, name=name, parent=fd, info=info)
        if stat.S_ISDIR(info.st_mode):
            child = os.open(name, _OPEN_FOLDER, dir_fd=fd)
            try:
                yield from _walk_open(child, f"{prefix}{name}/", numbers, level + 1)
            finally:
                os.close(child)


def _stamp(info: os.stat_result) -> _Stamp:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _is_settled(info: os.stat_result) -> bool:
    """Return whether any further change of the file will give it another time."""
    return info.st_ctime_ns < time.time_ns() - _STEP_NS


def _copy_out(place: _Place, copy: Path) -> None:
    source = os.open(place.name, _READ, dir_fd=place.parent)
    try:
        if not stat.S_ISREG(os.fstat(source).st_mode):
            raise OSError(errno.EINVAL, "the path is no longer a regular file")
        with copy.open("xb") as sink:
            _send(source, sink.fileno(), place.info.st_size)
    finally:
        os.close(source)


def _copy_back(entry: _Entry, where: Path) -> None:
    assert entry.content is not None  # noqa: S101 - a regular file has one
    try:
        sink = os.open(where, _WRITE | os.O_TRUNC)
    except OSError:  # it is not there, or may not be written
        where.unlink(missing_ok=True)
        sink = os.open(where, _WRITE | os.O_CREAT | os.O_EXCL)
    try:
        with entry.content.open("rb") as source:
            _send(source.fileno(), sink, os.fstat(source.fileno()).st_size)
        os.fchmod(sink, stat.S_IMODE(entry.mode))
        os.utime(sink, ns=(entry.modified_ns, entry.modified_ns))
    finally:
        os.close(sink)


def _send(source: int, sink: int, size: int) -> None:
    """Copy `size` bytes at most, so that the copy ends even if the file keeps growing."""
    offset = 0
    while offset < size:
        sent = os.sendfile(sink, source, offset, min(_CHUNK, size - offset))
        if not sent:
            return
        offset += sent


def _remove_others(top: Path, state: dict[str, _Entry]) -> dict[str, _Stamp]:
    """Remove what the state does not hold, and return the stamps of what is left."""
    present: dict[str, _Stamp] = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for entry in list(os.scandir(top / prefix)):
            path = prefix + entry.name
            info = entry.stat(follow_symlinks=False)
            kept = state.get(path)
            if not _is_the_same(kept, top / path, info):
                remove(top / path)
                continue
            present[path] = _stamp(info)
            if stat.S_ISDIR(info.st_mode):
                (top / path).chmod(stat.S_IMODE(info.st_mode) | stat.S_IRWXU)
                waiting.append(f"{path}/")
    return present


def _is_the_same(kept: _Entry | None, path: Path, info: os.stat_result) -> bool:
    """Return whether the path may stay: it has the state's kind, or one never saved."""
    kind = stat.S_IFMT(info.st_mode)
    if kept is None:
        return kind not in {stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK}
    if kept.kind != kind:
        return False
    return kind != stat.S_IFLNK or str(path.readlink()) == kept.target
