"""Snapshots of a job that stand still, by descriptors of their processes.

A process's number means nothing once it was reaped: the kernel gives it to another, which
may be nobody's business. So each is held by a descriptor, and one that has ended is
forgotten before anything is done by its number.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress


class WaitingSnapshots:
    """The processes of a job that wait and count for no limit of what runs."""

    def __init__(self) -> None:
        self._pidfds: dict[int, int] = {}
        self._ends = select.poll()

    def add(self, pid: int, pidfd: int) -> None:
        """Keep this very process. The descriptor is duplicated."""
        self.discard(pid)
        own = os.dup(pidfd)
        self._pidfds[pid] = own
        self._ends.register(own, select.POLLIN)

    def discard(self, pid: int) -> None:
        """Keep the process no longer."""
        own = self._pidfds.pop(pid, None)
        if own is not None:
            self._ends.unregister(own)
            os.close(own)

    def forget_ended(self) -> None:
        """Forget those that have ended, by the kernel's word."""
        ended = {own for own, _ in self._ends.poll(0)}
        for pid in [pid for pid, own in self._pidfds.items() if own in ended]:
            self.discard(pid)

    def numbers(self) -> frozenset[int]:
        """Return the numbers of those that have not ended."""
        self.forget_ended()
        return frozenset(self._pidfds)

    def kill(self, pid: int) -> None:
        """End this very process."""
        own = self._pidfds.get(pid)
        if own is not None:
            with suppress(OSError):
                signal.pidfd_send_signal(own, signal.SIGKILL)

    def close(self) -> None:
        """Keep none."""
        for pid in list(self._pidfds):
            self.discard(pid)

    def __contains__(self, pid: object) -> bool:
        return pid in self._pidfds

    def __iter__(self) -> Iterator[int]:
        return iter(self._pidfds)

    def __len__(self) -> int:
        return len(self._pidfds)
