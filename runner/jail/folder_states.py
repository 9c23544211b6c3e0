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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from runner.jail.file_changes import (
    copy_out,
    lift,
    move,
    open_to_write,
    send,
    status_of,
)
from runner.jail.folder_walk import Place, VanishedError, Walk
from runner.system.trees import remove

# Paths of all states together: the first process keeps them in its memory.
_MOST_KEPT: Final = 50_000
# The kernel's clock for file times advances every few milliseconds. Two changes of a file
# within one step look like one.
_STEP_NS: Final = 20_000_000
_KINDS: Final = frozenset((stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK))

# Inode, size, and the times of the last change of content and of anything.
_Stamp = tuple[int, int, int, int]


@dataclass(frozen=True, kw_only=True)
class _Entry:
    """What a state holds for one path.

    `stamp` is None if the file may change without a difference in it. `content` is a
    file's copy, and `target` the text of a symbolic link. `inode` is that of a file with
    several names, otherwise 0. `aside` is where the file or folder itself lies.
    """

    mode: int
    modified_ns: int = 0
    stamp: _Stamp | None = None
    content: Path | None = None
    target: str = ""
    inode: int = 0
    aside: Path | None = None

    @property
    def kind(self) -> int:
        return stat.S_IFMT(self.mode)


@dataclass(kw_only=True)
class _State:
    """A state: the folder's own mode, and what it holds, each folder before its content."""

    mode: int
    entries: dict[str, _Entry] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The places that the states of one folder need.

    `store` is an empty folder for copies, whose file system limits their size.
    `originals` are files that never change. `movable` is the folder itself, by a path on
    one mount with `aside`, which is empty. The job can make files below `writable` only.
    """

    folder: Path
    store: Path
    originals: Path
    movable: Path
    aside: Path
    writable: Sequence[Path] = ()


class FolderStates:
    """The states of one folder, by number.

    The first state, 0, is the folder as it is now. Files of it that are also in the
    layout's `originals` are not copied again. Raises OSError if there is no room, or if
    the folder holds too many files.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._folder = layout.folder
        self._copies = itertools.count()
        self._states: list[_State] = []
        self._kept = 0
        # The folder as the last cell left it. What no other state holds of it is kept
        # itself, and lies either aside or, for a question of this state, in the folder.
        self._last: _State | None = None
        self.save()

    def save(self) -> int:
        """Save the folder's present state, and return its number. Raises OSError.

        Files that have not changed since the last state are not copied again. Sockets,
        pipes and devices are left out. A link to another place of the job's is saved as
        what lies behind it, since that can change while the link stays.
        """
        made: list[Path] = []
        if self._kept > _MOST_KEPT:
            raise OSError(errno.ENOSPC, "too many states")
        state = _State(mode=self._folder.stat().st_mode)
        linked: dict[int, Path] = {}
        walk = Walk(self._folder, self._layout.writable)
        try:
            with contextlib.closing(walk.places()) as places:
                for place in places:
                    with contextlib.suppress(VanishedError, FileNotFoundError):
                        entry = self._entry(place, made, linked)
                        if entry is not None:
                            state.entries[place.path] = entry
        except OSError:
            for copy in made:
                copy.unlink(missing_ok=True)
            raise
        if self._states and state == self._states[-1]:
            return len(self._states) - 1
        self._kept += len(state.entries)
        self._states.append(state)
        return len(self._states) - 1

    def _entry(
        self, place: Place, made: list[Path], linked: dict[int, Path]
    ) -> _Entry | None:
        """Return what the state holds for the place, after copying its content.

        `made` and `linked` get the copies of this state, `linked` by the inodes of files
        with several names.
        """
        info = place.info
        if stat.S_ISLNK(info.st_mode):
            target = os.readlink(place.name, dir_fd=place.parent)
            return _Entry(mode=info.st_mode, target=target)
        if stat.S_ISDIR(info.st_mode):
            return _Entry(mode=info.st_mode)
        if not stat.S_ISREG(info.st_mode):
            return None
        old = self._states[-1].entries.get(place.path) if self._states else None
        if old is not None and old.stamp == _stamp(info):
            return old
        inode = info.st_ino if info.st_nlink > 1 and not place.is_behind else 0
        content = self._original(place)
        is_settled = content is not None or _is_settled(info)
        if content is None and inode in linked:
            content = linked[inode]
        if content is None:
            content = self._layout.store / str(next(self._copies))
            made.append(content)
            copy_out(place, content)
            if inode:
                linked[inode] = content
        return _Entry(
            mode=info.st_mode,
            modified_ns=info.st_mtime_ns,
            stamp=_stamp(info) if is_settled else None,
            content=content,
            inode=inode,
        )

    def _original(self, place: Place) -> Path | None:
        """Return the unchanging copy of a file that the job has just been given."""
        if self._states:
            return None
        original = self._layout.originals / place.path
        with contextlib.suppress(OSError):
            if original.lstat().st_size == place.info.st_size:
                return original
        return None

    def restore(self, number: int) -> None:
        """Give the folder the state again. Raises OSError.

        Folders and files that are in both keep their inodes. Call it while no process of
        the job works in the folder. If it fails, the folder is as in no state.
        """
        self._take_back()
        self._restore(self._states[number])

    def keep_last(self) -> None:
        """Keep the present folder as the last one, so that no restore loses any of it.

        What no state holds is moved aside, which needs no room. Raises OSError.
        """
        last = _State(mode=self._folder.stat().st_mode)
        lift(self._folder, last.mode)
        known = {
            path
            for state in self._states
            for path, entry in state.entries.items()
            if entry.kind == stat.S_IFDIR
        }
        for path, info in _scan(self._folder, known):
            kind = stat.S_IFMT(info.st_mode)
            if kind == stat.S_IFLNK:
                target = str((self._folder / path).readlink())
                last.entries[path] = _Entry(mode=info.st_mode, target=target)
            elif kind == stat.S_IFDIR and path in known:
                last.entries[path] = _Entry(mode=info.st_mode)
            elif kind in _KINDS:
                held = self._held(path, info)
                last.entries[path] = held or self._move_aside(path, info)
        self._last = last

    def restore_last(self) -> None:
        """Give the folder back as the last cell left it. Raises OSError.

        A question that is asked then may change the files that lay aside: there may be
        no room for copies of them.
        """
        self._take_back()
        assert self._last is not None  # noqa: S101 - see `keep_last`
        self._restore(self._last)

    def _held(self, path: str, info: os.stat_result) -> _Entry | None:
        """Return the entry of a state that holds a copy of this very file."""
        for state in reversed(self._states):
            entry = state.entries.get(path)
            if entry is not None and entry.stamp == _stamp(info):
                return entry
        return None

    def _move_aside(self, path: str, info: os.stat_result) -> _Entry:
        aside = self._layout.aside / str(next(self._copies))
        move(self._layout.movable / path, aside, info.st_mode)
        return _Entry(mode=info.st_mode, aside=aside)

    def _take_back(self) -> None:
        """Move aside again what lies in the folder for a question of the last state.

        What the question's tests have removed, or replaced by something of another kind,
        stays lost.
        """
        lift(self._folder, self._folder.stat().st_mode)
        last = self._last
        if last is None:
            return
        for path, entry in list(last.entries.items()):
            if entry.aside is None or os.path.lexists(entry.aside):
                continue
            info = status_of(self._folder, path)
            if info is None or stat.S_IFMT(info.st_mode) != entry.kind:
                del last.entries[path]
            else:
                last.entries[path] = self._move_aside(path, info)

    def _restore(self, state: _State) -> None:
        present = _remove_others(self._folder, state.entries)
        linked: dict[int, Path] = {}
        folders = []
        for path, entry in state.entries.items():
            if entry.aside is not None:
                move(entry.aside, self._layout.movable / path, entry.mode)
                continue
            if entry.kind == stat.S_IFDIR:
                folders.append(path)
            if entry.kind == stat.S_IFREG:
                if entry.stamp is None or present.get(path) != entry.stamp:
                    _make_again(entry, self._folder / path, linked)
            elif path not in present:
                _make_folder_or_link(entry, self._folder / path)
        for path in reversed(folders):  # a folder may forbid writing below it
            (self._folder / path).chmod(stat.S_IMODE(state.entries[path].mode))
        self._folder.chmod(stat.S_IMODE(state.mode))


def _make_folder_or_link(entry: _Entry, where: Path) -> None:
    if entry.kind == stat.S_IFDIR:
        where.mkdir(mode=stat.S_IRWXU)
    else:
        where.symlink_to(entry.target)


def _stamp(info: os.stat_result) -> _Stamp:
    return info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _is_settled(info: os.stat_result) -> bool:
    """Return whether any further change of the file will give it another time."""
    return info.st_ctime_ns < time.time_ns() - _STEP_NS


def _make_again(entry: _Entry, where: Path, linked: dict[int, Path]) -> None:
    """Make the file as the state holds it, with one inode for all names of a file."""
    first = linked.get(entry.inode)
    if first is None:
        _copy_back(entry, where)
    else:
        where.unlink(missing_ok=True)
        where.hardlink_to(first)
    if entry.inode:
        linked[entry.inode] = where


def _copy_back(entry: _Entry, where: Path) -> None:
    assert entry.content is not None  # noqa: S101 - a regular file has one
    sink = open_to_write(where)
    try:
        with entry.content.open("rb") as source:
            send(source.fileno(), sink, os.fstat(source.fileno()).st_size)
        os.fchmod(sink, stat.S_IMODE(entry.mode))
        os.utime(sink, ns=(entry.modified_ns, entry.modified_ns))
    finally:
        os.close(sink)


def _scan(
    top: Path, known: Iterable[str], prefix: str = ""
) -> Iterator[tuple[str, os.stat_result]]:
    """Yield each path and its status, each known folder before what lies in it.

    Known folders are opened to their owner; nothing below another folder is looked at.
    """
    for one in list(os.scandir(top / prefix)):
        path = prefix + one.name
        info = one.stat(follow_symlinks=False)
        yield path, info
        if stat.S_ISDIR(info.st_mode) and path in known:
            lift(top / path, info.st_mode)
            yield from _scan(top, known, f"{path}/")


def _remove_others(top: Path, entries: Mapping[str, _Entry]) -> dict[str, _Stamp]:
    """Remove what the state does not hold, and return the stamps of what is left."""
    present: dict[str, _Stamp] = {}
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        for one in list(os.scandir(top / prefix)):
            path = prefix + one.name
            info = one.stat(follow_symlinks=False)
            if not _is_the_same(entries.get(path), top / path, info):
                remove(top / path)
                continue
            present[path] = _stamp(info)
            if stat.S_ISDIR(info.st_mode):
                lift(top / path, info.st_mode)
                waiting.append(f"{path}/")
    return present


def _is_the_same(kept: _Entry | None, path: Path, info: os.stat_result) -> bool:
    """Return whether the path may stay: it has the state's kind, or one never saved."""
    kind = stat.S_IFMT(info.st_mode)
    if kept is None:
        return kind not in _KINDS
    if kept.aside is not None or kept.kind != kind:
        return False
    return kind != stat.S_IFLNK or str(path.readlink()) == kept.target
