"""Snapshots of a job that stand still, held by descriptors of their processes.

A process number means nothing once its process was reaped: the kernel may give the number
to any other process of the host. So each snapshot is held by a descriptor, and one that
has ended is forgotten before its number is used for anything.
"""

import os
import select
import signal
from collections.abc import Iterator
from contextlib import suppress


class WaitingSnapshots:
    """The processes of a job that wait. They do not count for limits on running ones."""

    def __init__(self) -> None:
        self._pidfds: dict[int, int] = {}
        self._ends = select.poll()

    def add(self, pid: int, pidfd: int) -> None:
        """Keep exactly this process. The descriptor is duplicated."""
        self.discard(pid)
        own = os.dup(pidfd)
        self._pidfds[pid] = own
        self._ends.register(own, select.POLLIN)

    def discard(self, pid: int) -> None:
        """Stop keeping the process."""
        own = self._pidfds.pop(pid, None)
        if own is not None:
            self._ends.unregister(own)
            os.close(own)

    def forget_ended(self) -> None:
        """Forget the processes that have ended, as the kernel reports."""
        ended = {own for own, _ in self._ends.poll(0)}
        for pid in [pid for pid, own in self._pidfds.items() if own in ended]:
            self.discard(pid)

    def numbers(self) -> frozenset[int]:
        """Return the numbers of the processes that have not ended."""
        self.forget_ended()
        return frozenset(self._pidfds)

    def kill(self, pid: int) -> None:
        """End exactly this process, if it is kept."""
        own = self._pidfds.get(pid)
        if own is not None:
            with suppress(OSError):
                signal.pidfd_send_signal(own, signal.SIGKILL)

    def close(self) -> None:
        """Stop keeping any process."""
        for pid in list(self._pidfds):
            self.discard(pid)

    def __contains__(self, pid: object) -> bool:
        return pid in self._pidfds

    def __iter__(self) -> Iterator[int]:
        return iter(self._pidfds)

    def __len__(self) -> int:
        return len(self._pidfds)
