"""States of a job's folders: saved at one moment, and restored at another.

All processes of a job share its folders. A snapshot waits for its question while later
cells write files, so without this it would find the files as the last cell left them.
The job's first process keeps the states, in a folder to which Landlock gives the other
processes no access.
"""

import contextlib
import errno
import itertools
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runner.jail.file_changes import lift, listing, move, status
from runner.jail.file_contents import Contents
from runner.jail.folder_entries import Content, Entry, entry_of
from runner.jail.folder_restoring import Restoring
from runner.jail.folder_saving import Saving
from runner.jail.folder_walk import Place, key_of
from runner.jail.held_files import HeldFiles, Part
from runner.jail.open_files import OpenFiles

# Memory of this process for the entries of all states together.
_MOST_BYTES: Final = 16 * 1024**2
_BY_PATH: Final = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_State = tuple[Entry, ...]


@dataclass(frozen=True, kw_only=True)
class StateFolder:
    """A folder that belongs to the states.

    `spare` is a place on the same mount for files that lie aside. It is made when it is
    needed, and belongs to no state. `originals` holds copies, which never change, of
    files that lie below `given` at first. `given` is "" or a path that ends in "/".
    """

    path: Path
    spare: Path
    originals: Path | None = None
    given: str = ""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The folders that all states consist of, and the places that the states need.

    `store` is an empty folder for copies, whose file system limits their size. It is of
    the same kind as those of the folders. If `is_own` is true, no other process reaches
    the spare folders, and each mapping of a file into memory sets its time of access.
    `processes` gives the numbers of the job's other processes.
    """

    folders: Sequence[StateFolder]
    store: Path
    is_own: bool
    processes: Callable[[], Iterable[int]] = tuple


class FolderStates:
    """The states of a job's folders, by number.

    The first state, 0, is that of the folders as they are now. Files that are also in a
    folder's `originals` are not copied again. Raises OSError if there is no room, or if
    the folders hold too many files.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._numbers = itertools.count()
        self._contents = Contents(layout.store, self._numbers, can_trust=layout.is_own)
        self._open_files = OpenFiles()
        self._held = HeldFiles(self._numbers) if layout.is_own else None
        self._parts = [self._part(folder) for folder in layout.folders]
        self._states: list[_State] = []
        self._bytes = 0
        # The folders as the last cell left them. What no other state holds of them is
        # kept itself, and lies either aside or, for a question of this state, in its place.
        self._last: _State | None = None
        # The contents of held files then: other states write to the files themselves.
        self._last_contents: list[tuple[int, str, Content]] = []
        # The bytes of the state that was restored last, by the number of the device. None
        # stands for the last folders, beside which nothing lies aside.
        self.restored_bytes: Counter[int] | None = None
        self.save()

    def _part(self, folder: StateFolder) -> Part:
        top = os.open(folder.path, _BY_PATH)
        if self._layout.is_own:
            folder.spare.mkdir(mode=0o700, exist_ok=True)
        return Part(
            top=top,
            spare=os.open(folder.spare, _BY_PATH) if self._layout.is_own else -1,
            originals=folder.originals,
            given=folder.given,
            is_newest_first=_lists_newest_first(self._layout.store),
        )

    def save(self) -> int:
        """Save the present state, and return its number. Raises OSError.

        Files that have not changed since the last state are not copied again. Devices
        cannot be made. A link is only a link: it leads to a place that has a state too,
        or to one where the job can make no file.
        """
        if self._bytes > _MOST_BYTES:
            raise OSError(errno.ENOSPC, "too many states")
        if self._states and self._layout.is_own:
            self._open_files.look(self._layout.processes())
        before = self._states[-1] if self._states else None
        saving = Saving(self._contents, self._open_files, self._held)
        self._contents.begin()
        try:
            state = tuple(
                saving.save(part, before[at] if before is not None else None)
                for at, part in enumerate(self._parts)
            )
        except OSError:
            self._contents.undo()
            raise
        self._contents.end()
        self._bytes += saving.new_bytes
        if before is None or any(
            new is not old for new, old in zip(state, before, strict=True)
        ):
            self._states.append(state)
        return len(self._states) - 1

    def restore(self, number: int) -> None:
        """Give the folders the state again. Raises OSError.

        Folders and files that are in both keep their inodes. Call it while no process of
        the job works in the folders. If it fails, they are as in no state.
        """
        self._take_back()
        self._restore(self._states[number])

    def _restore(self, state: _State) -> None:
        restoring = Restoring(self._contents, self._held, self._open_files.folders)
        self.restored_bytes = restoring.restore(self._parts, state)

    # --- The folders as the last cell left them ----------------------------------------

    def keep_last(self) -> None:
        """Keep the present folders as the last ones, so that no restore loses any of it.

        What no state holds is moved aside, which needs no room, except for the contents
        of files that snapshots have open. Raises OSError.
        """
        self._make_spares()
        self._keep_held_contents()
        self._last = tuple(
            self._kept(part, "", [state[at] for state in self._states])
            for at, part in enumerate(self._parts)
        )

    def _make_spares(self) -> None:
        if self._layout.is_own:
            return
        for at, folder in enumerate(self._layout.folders):
            folder.spare.mkdir(mode=0o700)
            spare = os.open(folder.spare, _BY_PATH)
            self._parts[at] = replace(self._parts[at], spare=spare)

    def _keep_held_contents(self) -> None:
        for spare, name in self._held.files() if self._held is not None else ():
            info = status(spare, name)
            if stat.S_ISREG(info.st_mode):
                place = Place(name=name, parent=spare, info=info)
                content = self._contents.save(place, ())
                self._last_contents.append((spare, name, content))

    def _kept(self, part: Part, path: str, known: Sequence[Entry]) -> Entry:
        """Return the folder with all that lies in it, after moving things aside.

        `known` are the folder's entries in all states.
        """
        info = status(part.top, path.rstrip("/"))
        lift(part.top, path, info.st_mode)
        skipped, children = part.spare_key, {}
        for name, below in listing(part.top, path):
            if key_of(below) == skipped:
                continue
            where = f"{path}{name}"
            there = _known_folders(known, name)
            if stat.S_ISDIR(below.st_mode) and there:
                children[name] = self._kept(part, f"{where}/", there)
            elif stat.S_ISLNK(below.st_mode):
                target = os.readlink(where, dir_fd=part.top)
                children[name] = entry_of(below, target=target)
            else:
                children[name] = self._kept_file(part, where, below)
        return entry_of(info, children=children)

    def _kept_file(self, part: Part, where: str, info: os.stat_result) -> Entry:
        """Return the content of a file if a state has it, else move the path aside."""
        content = self._contents.is_known(info)
        if content is None or not stat.S_ISREG(info.st_mode):
            return self._move_aside(part, where, info)
        is_held = self._held is not None and key_of(info) in self._held
        has_names = info.st_nlink > 1 + is_held
        return entry_of(info, content=content, has_names=has_names)

    def _move_aside(self, part: Part, where: str, info: os.stat_result) -> Entry:
        aside = f"aside{next(self._numbers)}"
        move((part.top, where), (part.spare, aside), info.st_mode)
        return entry_of(info, aside=aside)

    def restore_last(self) -> None:
        """Give the folders back as the last cell left them. Raises OSError.

        A question that is asked then may change the files that lay aside: there may be
        no room for copies of them.
        """
        self._take_back()
        assert self._last is not None  # noqa: S101 - see `keep_last`
        for spare, name, content in self._last_contents:
            self._contents.restore(content, spare, name, status(spare, name))
        self._restore(self._last)
        self.restored_bytes = None

    def _take_back(self) -> None:
        """Move aside again what lies in its place for a question of the last state.

        What the question's tests have removed, or replaced by something of another kind,
        stays lost.
        """
        if self._last is not None:
            self._last = tuple(
                self._taken_back(part, "", root)
                for part, root in zip(self._parts, self._last, strict=True)
            )

    def _taken_back(self, part: Part, path: str, folder: Entry) -> Entry:
        info = _status_of(part, path.rstrip("/"), folder)
        if info is not None:
            lift(part.top, path, info.st_mode)
        children = {}
        for name, child in folder.children.items():
            where = f"{path}{name}"
            if child.is_folder:
                children[name] = self._taken_back(part, where + "/", child)
            elif not child.aside or _lies_in(part.spare, child.aside):
                children[name] = child
            elif info is not None:
                found = _status_of(part, where, child)
                if found is not None:
                    children[name] = self._move_aside(part, where, found)
        return replace(folder, children=children)


def _known_folders(known: Sequence[Entry], name: str) -> list[Entry]:
    """Return what the states hold for a folder below a folder that they know."""
    there = (one.children[name] for one in known if name in one.children)
    return list({id(one): one for one in there if one.is_folder}.values())


def _status_of(part: Part, path: str, entry: Entry) -> os.stat_result | None:
    """Return the status of what is there, None if it is of another kind than the entry.

    No folder above it is a link: see `_taken_back`.
    """
    with contextlib.suppress(OSError):
        info = status(part.top, path)
        if stat.S_IFMT(info.st_mode) == entry.kind:
            return info
    return None


def _lies_in(spare: int, name: str) -> bool:
    with contextlib.suppress(FileNotFoundError):
        status(spare, name)
        return True
    return False


def _lists_newest_first(store: Path) -> bool:
    """Return whether a listing of a folder begins with what was made last."""
    made = [store / name for name in ("first", "second")]
    for path in made:
        path.mkdir()
    found = list(store.iterdir())
    for path in made:
        path.rmdir()
    return found != made
