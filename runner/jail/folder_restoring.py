"""Giving folders a saved state again, while no process of the job works in them."""

import contextlib
import os
import secrets
import stat
from collections import Counter
from collections.abc import Sequence

from runner.jail import file_changes, restored_times
from runner.jail.file_changes import as_path, lift, listing, status
from runner.jail.file_contents import Contents
from runner.jail.folder_entries import SPECIAL, Entry
from runner.jail.folder_walk import MOST_LEVELS, Key, key_of
from runner.jail.held_files import HeldFiles, Part
from runner.system.trees import remove


class Restoring:
    """One restoring of a state.

    `held` is None if no files can be held. `open_folders` are kept when they are removed.
    """

    def __init__(
        self,
        contents: Contents,
        held: HeldFiles | None,
        open_folders: set[Key],
    ) -> None:
        self._contents = contents
        self._held = held
        self._open_folders = open_folders
        # Nothing in a folder can have this name.
        self._free_name = f".{secrets.token_hex(8)}"
        self._part = Part(top=-1, spare=-1)
        self._skipped: Key | None = None
        # The first name of each file with several names.
        self._linked: dict[Key, tuple[int, str]] = {}
        self._done: list[tuple[int, str, Entry]] = []

    def restore(self, parts: Sequence[Part], roots: Sequence[Entry]) -> Counter[int]:
        """Restore all parts. Return their bytes, by the device. Raises OSError.

        What the state does not hold is removed from all of them first, so that there is
        room.
        """
        for part, root in zip(parts, roots, strict=True):
            self._begin(part)
            lift(part.top, "", os.fstat(part.top).st_mode)
            self._clear("", root)
        for part, root in zip(parts, roots, strict=True):
            self._begin(part)
            self._build("", root)
            self._done.append((part.top, "", root))
        return restored_times.set_times(self._done)

    def _begin(self, part: Part) -> None:
        self._part = part
        self._skipped = part.spare_key

    def _listing(self, path: str) -> list[tuple[str, os.stat_result]]:
        found = listing(self._part.top, path)
        return [one for one in found if key_of(one[1]) != self._skipped]

    # --- What the state does not hold --------------------------------------------------

    def _clear(self, path: str, entry: Entry) -> None:
        """Remove what the state does not hold, and open folders to their owner."""
        for name, info in self._listing(path):
            where = f"{path}{name}"
            kept = entry.children.get(name)
            if not self._may_stay(kept, where, info):
                self._remove(where, info)
            elif kept is not None and kept.is_folder:
                lift(self._part.top, where, info.st_mode)
                self._clear(f"{where}/", kept)

    def _may_stay(self, kept: Entry | None, where: str, info: os.stat_result) -> bool:
        kind = stat.S_IFMT(info.st_mode)
        if self._held is None and kind in SPECIAL:
            return kept is None or kept.kind == kind
        if kept is None or kept.aside or kept.kind != kind:
            return False
        if kind == stat.S_IFLNK:
            return os.readlink(where, dir_fd=self._part.top) == kept.target
        is_it = kept.key == key_of(info)
        if kind == stat.S_IFREG or is_it:
            return True
        is_held = self._held is not None and kept.key in self._held
        return kind == stat.S_IFDIR and not is_held

    def _remove(self, where: str, info: os.stat_result, level: int = 0) -> None:
        """Remove the path. A folder that a snapshot has open is moved away instead."""
        top = self._part.top
        if not stat.S_ISDIR(info.st_mode):
            os.unlink(where, dir_fd=top)
            return
        if self._held is None or not self._open_folders or level > MOST_LEVELS:
            remove(as_path(top, where))
            return
        lift(top, where, info.st_mode)
        for name, below in listing(top, where):
            self._remove(f"{where}/{name}", below, level + 1)
        if key_of(info) in self._open_folders:
            self._held.hold_folder(self._part, where, info)
        else:
            os.rmdir(where, dir_fd=top)

    # --- What the state holds ----------------------------------------------------------

    def _build(self, path: str, entry: Entry) -> None:
        """Make what the state holds below the folder, in the order of its listing."""
        order = slice(None, None, -1 if self._part.is_newest_first else 1)
        wanted = list(entry.children)[order]
        present = dict(self._listing(path)[order])
        names = list(present)
        is_moved = False
        for at, name in enumerate(wanted):
            where, child = f"{path}{name}", entry.children[name]
            is_moved = is_moved or at >= len(names) or names[at] != name
            if is_moved and name in present:
                self._move_to_end(path, where)
            is_moved |= self._make(where, child, present.get(name))
            if child.is_folder:
                self._build(f"{where}/", child)
            self._done.append((self._part.top, where, child))

    def _move_to_end(self, path: str, where: str) -> None:
        """Give the path the place in its folder's listing of one that was just made."""
        away = f"{path}{self._free_name}"
        top = self._part.top
        with contextlib.suppress(OSError):  # a place of a mount, which is always there
            os.rename(where, away, src_dir_fd=top, dst_dir_fd=top)
            os.rename(away, where, src_dir_fd=top, dst_dir_fd=top)

    def _make(self, where: str, entry: Entry, info: os.stat_result | None) -> bool:
        """Make the path as the state holds it. Return whether it was made anew.

        `info` is the status of what is there.
        """
        if entry.kind == stat.S_IFREG and not entry.aside:
            return self._make_file(where, entry, info)
        if info is None:
            self._make_other(where, entry)
        return info is None

    def _make_other(self, where: str, entry: Entry) -> None:
        """Make a folder, a link or a pipe, or bring back what was kept itself."""
        top, held = self._part.top, self._held
        if entry.aside:
            self._bring_from_aside(where, entry)
        elif held is not None and held.bring_back(entry.key, self._part, where):
            if entry.is_folder:
                lift(top, where, entry.mode)
        elif entry.kind == stat.S_IFDIR:
            os.mkdir(where, stat.S_IRWXU, dir_fd=top)
        elif entry.kind == stat.S_IFLNK:
            os.symlink(entry.target, where, dir_fd=top)
        elif entry.kind == stat.S_IFIFO:
            os.mkfifo(where, dir_fd=top)

    def _bring_from_aside(self, where: str, entry: Entry) -> None:
        source = (self._part.spare, entry.aside)
        file_changes.move(source, (self._part.top, where), entry.mode)

    def _make_file(self, where: str, entry: Entry, info: os.stat_result | None) -> bool:
        assert entry.content is not None  # noqa: S101 - a regular file has one
        top = self._part.top
        first = self._linked.get(entry.key) if entry.has_names else None
        if info is not None and self._is_another(entry, info, first):
            os.unlink(where, dir_fd=top)
            info = None
        is_new = info is None
        if first is not None:
            if is_new:
                os.link(first[1], where, src_dir_fd=first[0], dst_dir_fd=top)
            return is_new
        held = self._held
        if (
            is_new
            and held is not None
            and held.bring_back(entry.key, self._part, where)
        ):
            info = status(top, where)
        self._contents.restore(entry.content, top, where, info)
        if entry.has_names:
            self._linked[entry.key] = top, where
        return is_new

    def _is_another(
        self, entry: Entry, info: os.stat_result, first: tuple[int, str] | None
    ) -> bool:
        """Return whether the file that is there cannot become the state's file.

        Another name may belong to it, or another state may need it.
        """
        if first is not None:
            return key_of(info) != key_of(os.stat(first[1], dir_fd=first[0]))
        if key_of(info) == entry.key:
            return False
        is_held = self._held is not None and entry.key in self._held
        return is_held or info.st_nlink > 1
