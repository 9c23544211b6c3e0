"""The memory that the waiting snapshots of a job hold in sum, and the limit on it."""

import time
from collections.abc import Collection
from typing import Final

from runner.host.memory_shares import MemoryShares
from runner.host.waiting_snapshots import WaitingSnapshots
from runner.system.processes import (
    STANDING,
    ProcessInfo,
    page_table_bytes,
    read_processes,
)

_AT_A_TIME: Final = 4
# A process that was told to stop has stopped by then, on a busy machine too.
_STOP_SECONDS: Final = 1.0
# The kernel's own memory for a process that waits, without its page tables.
_KERNEL_BYTES: Final = 512 * 1024


class SnapshotMemory:
    """Holds the snapshots of one job to `limit_bytes` together.

    Without a control group nothing else limits their sum. They share most of their
    memory, so each counts with its part of a shared page. Memory that was added since a
    measurement is counted whole, and so are their page tables, beyond `slack_bytes`.
    """

    def __init__(self, limit_bytes: int, slack_bytes: int = 0) -> None:
        self._limit = limit_bytes
        self._slack = slack_bytes
        self._shares = MemoryShares(_AT_A_TIME)
        # Snapshots that were running when they were ended, although they had to stand
        # still.
        self.ran_although_stopped: set[int] = set()
        # When each waiting snapshot was first seen, on the monotonic clock.
        self._since: dict[tuple[int, int], float] = {}
        # The size of each snapshot's page tables. It does not grow while the snapshot
        # stands still.
        self._tables: dict[int, int] = {}

    def enforce(self, kept: WaitingSnapshots) -> list[int]:
        """Measure some of the snapshots again; past the limit, end the youngest.

        Call it a few times a second. Returns the process numbers of those it ended.
        """
        found, now = read_processes(kept.numbers()), time.monotonic()
        self._since = {
            key: self._since.get(key, now) for key in map(_key_of_age, found)
        }
        tables = {info.pid: page_table_bytes(info.pid) for info in found}
        self._tables.update(tables)
        beyond = max(0, sum(tables.values()) - self._slack)
        held = beyond + self._shares.measure(found, self._limit - beyond)
        ended: list[int] = []
        for info in sorted(found, key=_key_of_age, reverse=True):
            if held <= self._limit:
                break
            held -= self._shares.held(info) + tables[info.pid]
            kept.kill(info.pid)
            ended.append(info.pid)
            is_on_its_way = now - self._since[_key_of_age(info)] < _STOP_SECONDS
            if info.state not in STANDING and not is_on_its_way:
                self.ran_although_stopped.add(info.pid)
        return ended

    def kernel_bytes(self, pids: Collection[int]) -> int:
        """Return the kernel's own memory for the snapshots that wait.

        A control group counts it together with the kernel's memory for the notebook and
        for the asked question.
        """
        self._tables = {
            pid: self._tables.get(pid) or page_table_bytes(pid) for pid in pids
        }
        return sum(self._tables.values()) + _KERNEL_BYTES * len(self._tables)


def _key_of_age(info: ProcessInfo) -> tuple[int, int]:
    return info.started, info.pid
