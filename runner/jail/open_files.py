"""The files that processes of a job have open, or have mapped into their memory."""

import contextlib
import itertools
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from runner.jail.folder_walk import Key, key_of
from runner.system.processes import runs_before_stop
from runner.system.shared_mappings import shared_files

# Descriptors and shared mappings of all processes together.
_MOST: Final = 20_000

_Runs = frozenset[tuple[int, int]]


def other_processes() -> list[int]:
    """Return all processes that this one sees, without itself."""
    own = os.getpid()
    found = (int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - numbers
    return [pid for pid in found if pid != own]


@dataclass(kw_only=True)
class OpenFiles:
    """What processes have open now, and all files that were found mapped up to now.

    `is_whole` is false if a process could not be looked into, or if all have too much
    open: then nothing more is looked at.
    """

    files: set[Key] = field(default_factory=set)
    folders: set[Key] = field(default_factory=set)
    mapped: set[Key] = field(default_factory=set)
    is_whole: bool = True
    _runs: dict[int, _Runs] = field(default_factory=dict)
    _left: int = _MOST

    def look(self, processes: Iterable[int]) -> None:
        """Look at the processes again. Those that have stood still are left out.

        A snapshot that waits had everything open that its notebook had open when it was
        made, which was looked at then.
        """
        self.files, self.is_whole, self._left = set(), True, _MOST
        stopped: dict[int, _Runs] = {}
        for pid in processes:
            runs = runs_before_stop(pid)
            if runs is None or self._runs.get(pid) != runs:
                is_seen = self._look_at(pid)
                self.is_whole &= is_seen
                if self._left < 0:
                    break
                if not is_seen:
                    continue
            if runs is not None:
                stopped[pid] = runs
        self._runs = stopped

    def _look_at(self, pid: int) -> bool:
        """Note what the process has open. Return false if that is not known."""
        try:
            # One more than is left, to know that there are too many.
            shared = list(itertools.islice(shared_files(pid), self._left + 1))
            with os.scandir(f"/proc/{pid}/fd") as found:
                names = [one.path for one in found]
        except (FileNotFoundError, ProcessLookupError):
            return True  # it has ended
        except OSError:
            return False
        self._left -= len(shared) + len(names)
        if self._left < 0:
            return False
        self.mapped.update(shared)
        self.files.update(shared)
        for name in (*names, f"/proc/{pid}/cwd"):
            with contextlib.suppress(OSError):
                self._note_open(os.stat(name))  # noqa: PTH116 - a magic link
        return True

    def _note_open(self, info: os.stat_result) -> None:
        if stat.S_ISDIR(info.st_mode):
            self.folders.add(key_of(info))
        elif stat.S_ISREG(info.st_mode):
            self.files.add(key_of(info))
