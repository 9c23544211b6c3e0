"""The memory that several processes hold, in which a page that they share counts once.

Each process counts with its part of a shared page (Pss). To measure this, the kernel
walks over all memory and all mappings of the process, which may take a tenth of a second.
So only a few processes are measured at a time. A process counts with its last measurement
and with what it has added since.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from runner.system.processes import ProcessInfo, proportional_memory

# A look measures no further process once it has taken this time.
_LOOK_SECONDS: Final = 0.05
# When measuring has used this much processor time in all, processes that are not measured
# yet count with all their memory. On a busy machine this may take ten times as long.
_PATIENCE_SECONDS: Final = 2.0
_WAIT_SHARE: Final = 0.1
# For a figure that is only shown, measuring takes up a twentieth of the time at most.
_REST_TIMES: Final = 20


@dataclass(frozen=True, slots=True)
class _Look:
    """One measurement of a process: its share of memory, and its resident memory."""

    share: int
    resident: int
    round: int


class MemoryShares:
    """The memory of several processes in all. A look measures at most `at_a_time`."""

    def __init__(self, at_a_time: int) -> None:
        self._at_a_time = at_a_time
        self._looks: dict[tuple[int, int], _Look] = {}
        # Only measurements of the present round may be the reason to end a process.
        self._round = 0
        self._spent = 0.0
        self._rests_until = 0.0

    def measure(self, found: Collection[ProcessInfo], limit_bytes: int) -> int:
        """Return the bytes that the processes hold in all, as far as that is known.

        The result exceeds the limit only if each process was measured since the sum
        first seemed too large, or if that takes too long. Call it a few times a second.
        """
        known = self._forget_others(found)
        resident = sum(info.resident_bytes for info in found)
        if resident <= limit_bytes:
            self._begin_round()
            return resident
        self._measure_some(found)
        held = sum(map(self.held, found))
        if held <= limit_bytes:
            if len(self._looks) == len(known):
                self._begin_round()
        elif not self._is_certain(found):
            return limit_bytes
        return held

    def estimate(self, found: Collection[ProcessInfo]) -> int:
        """Return the bytes that the processes hold in all, for display.

        Pages that they share count once, as soon as the processes are measured, because
        a fork adds no memory. Until then only the size of the largest is known.
        """
        self._forget_others(found)
        begun = time.monotonic()
        if begun >= self._rests_until:
            self._measure_some(found)
            now = time.monotonic()
            self._rests_until = now + _REST_TIMES * (now - begun)
        largest = max((info.resident_bytes for info in found), default=0)
        measured = (one for one in found if _key(one) in self._looks)
        return max(largest, sum(map(self.held, measured)))

    def _forget_others(self, found: Collection[ProcessInfo]) -> set[tuple[int, int]]:
        known = {_key(info) for info in found}
        self._looks = {key: one for key, one in self._looks.items() if key in known}
        return known

    def held(self, info: ProcessInfo) -> int:
        """Return what the process holds, estimated by the last look at it.

        A process that was not measured counts as 0, or with all its memory if measuring
        has taken too long.
        """
        look = self._looks.get(_key(info))
        if look is None:
            return info.resident_bytes if self._is_impatient else 0
        return look.share + max(0, info.resident_bytes - look.resident)

    def _begin_round(self) -> None:
        self._round += 1
        self._spent = 0.0

    @property
    def _is_impatient(self) -> bool:
        return self._spent > _PATIENCE_SECONDS

    def _is_certain(self, found: Collection[ProcessInfo]) -> bool:
        return self._is_impatient or all(map(self._is_fresh, found))

    def _is_fresh(self, info: ProcessInfo) -> bool:
        look = self._looks.get(_key(info))
        return look is not None and look.round == self._round

    def _measure_some(self, found: Collection[ProcessInfo]) -> None:
        """Measure some processes: new ones first, then those measured longest ago."""
        begun, used = time.monotonic(), time.thread_time()
        order = {key: place for place, key in enumerate(self._looks)}
        waiting = sorted(found, key=lambda info: order.get(_key(info), -1))
        for info in waiting[: self._at_a_time]:
            share = proportional_memory([info.pid])
            self._looks.pop(_key(info), None)
            self._looks[_key(info)] = _Look(share, info.resident_bytes, self._round)
            if time.monotonic() - begun > _LOOK_SECONDS:
                break
        waited = _WAIT_SHARE * (time.monotonic() - begun)
        self._spent += max(waited, time.thread_time() - used)


def _key(info: ProcessInfo) -> tuple[int, int]:
    """Return a key that tells the process from a later one with the same number."""
    return info.pid, info.started
