"""Saving a state of folders in which untrusted processes may be at work."""

import contextlib
import os
import stat
from collections.abc import Mapping

from runner.jail.file_contents import Contents
from runner.jail.folder_entries import (
    SPECIAL,
    Content,
    Entry,
    bytes_of,
    entry_of,
    shared_with,
)
from runner.jail.folder_walk import (
    Bounds,
    Key,
    Place,
    VanishedError,
    key_of,
    opened_folder,
    opened_top,
)
from runner.jail.held_files import HeldFiles, Part
from runner.jail.open_files import OpenFiles


class Saving:
    """The making of one state. `held` is None if no files can be held."""

    def __init__(
        self, contents: Contents, open_files: OpenFiles, held: HeldFiles | None
    ) -> None:
        self._contents = contents
        self._open_files = open_files
        self._held = held
        self._bounds = Bounds()
        self._part = Part(top=-1, spare=-1)
        self._skipped: Key | None = None
        self._is_first = False
        # The contents of this state's files with several names.
        self._linked: dict[Key, Content] = {}
        # Bytes of memory for all entries that no earlier state has.
        self.new_bytes = 0

    def save(self, part: Part, old: Entry | None) -> Entry:
        """Return the part as it is now. `old` is its last state, None for the first.

        Raises OSError.
        """
        self._part, self._is_first = part, old is None
        self._skipped = part.spare_key
        info = os.fstat(part.top)
        with opened_top(part.top) as fd:
            children = self._children(fd, "", 0, old.children if old else {})
        return self._counted("", old, entry_of(info, children=children))

    def _children(
        self, fd: int, prefix: str, level: int, old: Mapping[str, Entry]
    ) -> dict[str, Entry]:
        """Return the entries of the open folder. Paths that vanish are left out."""
        children = {}
        for name in self._bounds.names(fd):
            path = prefix + name
            with contextlib.suppress(VanishedError, FileNotFoundError):
                info = os.stat(name, dir_fd=fd, follow_symlinks=False)
                if key_of(info) == self._skipped:
                    continue
                self._bounds.count(path, level)
                before = old.get(name)
                if before is not None and self._is_unchanged(before, info):
                    children[name] = before
                    continue
                place = Place(name=name, parent=fd, info=info)
                entry = self._entry(place, path, level, before)
                children[name] = self._counted(name, before, entry)
        return children

    def _is_unchanged(self, old: Entry, info: os.stat_result) -> bool:
        """Return whether this is the same file, and certainly as it was."""
        if old.content is None or old.changed_ns != info.st_ctime_ns:
            return False
        key = key_of(info)
        is_new_open = key in self._open_files.files and (
            self._held is None or key not in self._held
        )
        return (
            old.key == key
            and not is_new_open
            and old.accessed_ns == info.st_atime_ns
            and self._contents.keep(info) is old.content
        )

    def _entry(self, place: Place, path: str, level: int, old: Entry | None) -> Entry:
        info = place.info
        match stat.S_IFMT(info.st_mode):
            case stat.S_IFDIR:
                below = old.children if old is not None else {}
                with opened_folder(place) as fd:
                    children = self._children(fd, f"{path}/", level + 1, below)
                return entry_of(info, children=children)
            case stat.S_IFLNK:
                target = os.readlink(place.name, dir_fd=place.parent)
                return entry_of(info, target=target)
            case stat.S_IFREG:
                return self._file(place, path, old)
        if self._held is not None and stat.S_IFMT(info.st_mode) in SPECIAL:
            self._held.hold(place, self._part.spare)
        return entry_of(info)

    def _file(self, place: Place, path: str, old: Entry | None) -> Entry:
        key, now = key_of(place.info), place.info
        if self._held is not None and key in self._open_files.files:
            now = self._held.hold(place, self._part.spare)
        content = self._linked.get(key) or self._original(place, path)
        if content is None:
            content = self._contents.save(place, [old.content] if old else [])
        is_doubtful = key in self._open_files.mapped or not self._open_files.is_whole
        self._contents.note(now, content, is_mapped=is_doubtful)
        is_held = self._held is not None and key in self._held
        has_names = now.st_nlink > 1 + is_held
        if has_names:
            self._linked[key] = content
        return entry_of(place.info, content=content, has_names=has_names)

    def _original(self, place: Place, path: str) -> Content | None:
        """Return the unchanging copy of a file that the job has just been given."""
        part = self._part
        is_given = part.originals is not None and path.startswith(part.given)
        if not self._is_first or part.originals is None or not is_given:
            return None
        original = part.originals / path.removeprefix(part.given)
        with contextlib.suppress(OSError):
            if original.lstat().st_size == place.info.st_size:
                return Content(original)
        return None

    def _counted(self, name: str, old: Entry | None, entry: Entry) -> Entry:
        shared = shared_with(old, entry)
        if shared is not old:
            self.new_bytes += bytes_of(name, entry)
        return shared
