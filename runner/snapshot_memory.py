"""What the snapshots of a job that wait hold in memory, in sum, and the limit on it."""

import signal
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from runner.processes import (
    STOPPED,
    ProcessInfo,
    proportional_memory,
    read_process,
    send_signal,
)

# To measure one takes the kernel a walk over all of its memory.
_AT_A_TIME: Final = 4


@dataclass(frozen=True, slots=True)
class _Look:
    """What a snapshot held when it was measured, shared pages in shares, and resident."""

    share: int
    resident: int


class SnapshotMemory:
    """Holds the snapshots of one job to `limit_bytes` together.

    Without a control group nothing else bounds them in sum. They share most of their
    memory, so that is counted in shares; memory that was added since is counted whole.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._looks: dict[tuple[int, int], _Look] = {}
        # Those that were ended and ran then, although they were to stand still.
        self.moved: set[int] = set()

    def look(self, pids: Collection[int]) -> list[int]:
        """Measure some of the snapshots anew; past the limit, end the youngest.

        Call it a few times a second. Returns the numbers of those that were ended.
        """
        found = [info for pid in pids if (info := read_process(pid)) is not None]
        known = {_key(info) for info in found}
        self._looks = {key: one for key, one in self._looks.items() if key in known}
        if sum(info.resident_bytes for info in found) <= self._limit:
            return []
        for info in sorted(found, key=self._turn)[:_AT_A_TIME]:
            self._measure(info)
        if self._sum(found) <= self._limit:
            return []
        for info in found:
            self._measure(info)
        return self._end_youngest(found)

    def _turn(self, info: ProcessInfo) -> int:
        """Return who is measured first: the new, then those measured longest ago."""
        keys = list(self._looks)
        return keys.index(_key(info)) if _key(info) in self._looks else -1

    def _measure(self, info: ProcessInfo) -> None:
        share = proportional_memory([info.pid])
        self._looks.pop(_key(info), None)
        self._looks[_key(info)] = _Look(share, info.resident_bytes)

    def _sum(self, found: Collection[ProcessInfo]) -> int:
        return sum(map(self._held, found))

    def _held(self, info: ProcessInfo) -> int:
        look = self._looks.get(_key(info))
        if look is None:
            return 0
        return look.share + max(0, info.resident_bytes - look.resident)

    def _end_youngest(self, found: Collection[ProcessInfo]) -> list[int]:
        held, ended = self._sum(found), []
        for info in sorted(found, key=_key_of_age, reverse=True):
            if held <= self._limit:
                break
            held -= self._held(info)
            send_signal(info, signal.SIGKILL)
            ended.append(info.pid)
            if info.state != STOPPED:
                self.moved.add(info.pid)
        return ended


def _key(info: ProcessInfo) -> tuple[int, int]:
    """Return what tells the process from a later one of the same number."""
    return info.pid, info.started


def _key_of_age(info: ProcessInfo) -> tuple[int, int]:
    return info.started, info.pid
