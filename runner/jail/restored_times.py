"""The times and modes of restored files.

Nobody can set the time of a file's last change (ctime). But it can be given its order:
files whose order counts are changed once more, one after the other.
"""

import contextlib
import os
import stat
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

from runner.jail.file_changes import status
from runner.jail.folder_entries import Entry

_PAUSE_SECONDS: Final = 0.001
# On kernels whose clock for file times is coarse, for all files together.
_MOST_PAUSES: Final = 500
_BLOCK: Final = 512

Restored = tuple[int, str, Entry]


def set_times(found: Sequence[Restored]) -> Counter[int]:
    """Give everything its mode and times. Return the bytes used, by the device.

    `found` holds, for each path, the open folder that it is relative to and what the state
    holds for it; each folder comes after what lies in it. All folders are open to their
    owner. Raises OSError.
    """
    used: Counter[int] = Counter()
    files, folders = _Group(), _Group()
    for top, path, entry in found:
        with contextlib.suppress(FileNotFoundError):  # a socket that cannot be made
            info = status(top, path)
            used[info.st_dev] += info.st_blocks * _BLOCK
            group = folders if entry.kind == stat.S_IFDIR else files
            group.add((top, path, entry), info)
    # Each file that comes or goes changes its folder. So folders have an order of their
    # own, or files that nobody touched would change with them.
    _set_in_order(files.changed())
    _set_in_order(folders.changed())
    return used


class _Group:
    """Paths among which the order of changes counts."""

    def __init__(self) -> None:
        self._all: list[Restored] = []
        # The time in the state of the first change that is not there any more.
        self._first: int | None = None

    def add(self, restored: Restored, info: os.stat_result) -> None:
        """Add a path with its present status."""
        self._all.append(restored)
        wanted = restored[2].changed_ns
        if wanted != info.st_ctime_ns:
            self._first = wanted if self._first is None else min(self._first, wanted)

    def changed(self) -> list[Restored]:
        """Return all paths that must be changed once more, to keep the order."""
        first = self._first
        if first is None:
            return []
        return [one for one in self._all if one[2].changed_ns >= first]


def _set_in_order(found: Sequence[Restored]) -> None:
    """Set the times, those of what was changed first before the others."""
    pauses = _MOST_PAUSES
    last_wanted = last_made = 0
    closed = []
    for top, path, entry in sorted(found, key=lambda one: one[2].changed_ns):
        if _is_closed(entry):
            closed.append((top, path, entry))
            continue
        made = _set_one(top, path, entry)
        while entry.changed_ns > last_wanted and made <= last_made and pauses:
            pauses -= 1
            time.sleep(_PAUSE_SECONDS)
            made = _set_one(top, path, entry)
        last_wanted, last_made = entry.changed_ns, made
    # What lies in a closed folder cannot be reached.
    order = {(top, path): at for at, (top, path, _) in enumerate(found)}
    for top, path, entry in sorted(closed, key=lambda one: order[one[:2]]):
        _set_one(top, path, entry)


def _is_closed(entry: Entry) -> bool:
    return entry.is_folder and entry.mode & stat.S_IRWXU != stat.S_IRWXU


def _set_one(top: int, path: str, entry: Entry) -> int:
    """Set the mode and times of one path. Return the time of its last change."""
    name = path or "."
    mode = status(top, path).st_mode
    times = (entry.accessed_ns, entry.modified_ns)
    os.utime(name, ns=times, dir_fd=top, follow_symlinks=False)
    if mode != entry.mode and entry.kind != stat.S_IFLNK:
        os.chmod(name, stat.S_IMODE(entry.mode), dir_fd=top)
    # Once this time was asked for, the kernel gives the next change another one.
    return status(top, path).st_ctime_ns
