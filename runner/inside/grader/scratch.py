"""The folders that tests may write to, which are emptied between questions.

Otherwise files of one question's tests would take another question's disk space, or be
found by it.
"""

import os
import stat
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Final

from runner.inside.grader.tree_walk import (
    Identity,
    Level,
    NotWalkedError,
    TreeWalk,
    identity_of,
)

# Taken here, before Python's own is replaced by one that finds handed-in files.
_stat: Final = os.stat


@dataclass(slots=True, kw_only=True)
class _Noted:
    """The state of an entry before any test ran.

    `inside` holds the entries of a folder. It is None for a file, and for a folder that the
    walk does not enter because it is another of the places, or of another device or user.
    """

    identity: Identity
    mode: int
    size: int
    changed_ns: int
    inside: "dict[str, _Noted] | None" = None
    # How many of the entries inside the walk has found again.
    found: int = 0

    @classmethod
    def from_status(cls, status: os.stat_result) -> "_Noted":
        return cls(
            identity=identity_of(status),
            mode=status.st_mode,
            size=status.st_size,
            changed_ns=status.st_ctime_ns,
        )

    def is_still(self, status: os.stat_result) -> bool:
        """Return whether this is the same entry, unchanged.

        A folder may have another mode, which is restored. For a file, the kernel notes
        the time of every change, and no process can set that time.
        """
        if stat.S_ISDIR(self.mode):
            return self.identity == identity_of(status)
        now = (status.st_mode, status.st_size, status.st_ctime_ns)
        was = (self.mode, self.size, self.changed_ns)
        return self.identity == identity_of(status) and was == now


class _Noting(TreeWalk[_Noted]):
    """The walk that notes what lies there. `tops` are places that get their own walk."""

    def __init__(self, tops: frozenset[Identity]) -> None:
        super().__init__(inf)
        self._tops = tops

    def visit(self, level: Level[_Noted], name: str) -> None:
        status = self.status(name)
        noted = _Noted.from_status(status)
        assert level.about.inside is not None  # noqa: S101 - the walk is in it
        level.about.inside[name] = noted
        is_here = noted.identity[0] == level.identity[0]
        if (
            stat.S_ISDIR(status.st_mode)
            and is_here
            and noted.identity not in self._tops
        ):
            noted.inside = {}
            try:
                self.enter(name, noted.identity, noted)
            except PermissionError:
                noted.inside = None  # another user's folder

    def leave(self, level: Level[_Noted]) -> int:
        return level.mode


class _Emptying(TreeWalk[_Noted | None]):
    """The walk that removes what is new. `is_clean` says whether all is as it was noted."""

    def __init__(self, deadline: float) -> None:
        super().__init__(deadline)
        self.is_clean = True

    def visit(self, level: Level[_Noted | None], name: str) -> None:
        try:
            self._visit(level, name)
        except NotWalkedError:
            raise
        except FileNotFoundError:
            return
        except OSError:
            self.is_clean = False

    def _visit(self, level: Level[_Noted | None], name: str) -> None:
        status = self.status(name)
        is_folder = stat.S_ISDIR(status.st_mode)
        known = (level.about and level.about.inside) or {}
        noted = known.get(name)
        if noted is not None and level.about is not None:
            if not noted.is_still(status):
                # The noted entry is gone and cannot be restored.
                self.is_clean = False
                return
            level.about.found += 1
            if noted.inside is not None:
                noted.found = 0
                self.enter(name, noted.identity, noted)
        elif not is_folder:
            self.remove(name, is_folder=False)
        elif status.st_dev != level.identity[0]:
            self.is_clean = False
        else:
            self.enter(name, identity_of(status), None)

    def leave(self, level: Level[_Noted | None]) -> int | None:
        if level.about is None:
            return None
        if level.about.found != len(level.about.inside or {}):
            self.is_clean = False
        return stat.S_IMODE(level.about.mode)

    def left(self, level: Level[_Noted | None]) -> None:
        if level.about is not None:
            return
        try:
            self.remove(level.name, is_folder=True)
        except FileNotFoundError:
            return
        except OSError:
            self.is_clean = False


class Scratch:
    """The places below which a job can make files, and what lay there at first."""

    def __init__(self, places: Iterable[Path]) -> None:
        self._noted: dict[Path, _Noted] | None = None
        with suppress(Exception):  # without notes, `clear` always returns False
            there = {place: _stat(place) for place in places if place.is_dir()}
            tops = frozenset(map(identity_of, there.values()))
            self._noted = {
                place: _noted(place, status, tops) for place, status in there.items()
            }

    def clear(self, seconds: float) -> bool:
        """Remove what is new, in so many seconds at most.

        Return whether all is as it was at first. This raises nothing, whatever lies there.
        """
        try:
            return self._clear(time.monotonic() + seconds)
        except Exception:  # noqa: BLE001 - whoever asks takes a fresh jail then
            return False

    def _clear(self, deadline: float) -> bool:
        if self._noted is None:
            return False
        is_clean = True
        for place, noted in self._noted.items():
            if identity_of(_stat(place)) != noted.identity:
                return False
            noted.found = 0
            emptying = _Emptying(deadline)
            emptying.walk(place, noted)
            is_clean = is_clean and emptying.is_clean
        return is_clean


def _noted(place: Path, status: os.stat_result, tops: frozenset[Identity]) -> _Noted:
    noted = _Noted.from_status(status)
    noted.inside = {}
    _Noting(tops - {noted.identity}).walk(place, noted)
    return noted
