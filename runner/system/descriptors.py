"""Waiting for descriptors, and how many of them this process may have.

A worker with some jobs has more than a thousand. select(2) takes none beyond 1023, so
nothing here uses it.
"""

import math
import os
import resource
import select
from collections.abc import Iterable
from typing import Final, Protocol

# What the jobs of a worker, its database and its broker open beside snapshots.
_RESERVE: Final = 256
# More are of no use, and some programs go through all that there could be.
_MANY: Final = 65_536


class _Open(Protocol):
    def fileno(self) -> int: ...


def wait(
    reading: Iterable[_Open | int] = (),
    writing: Iterable[_Open | int] = (),
    *,
    seconds: float,
) -> bool:
    """Wait until one of them can be read or written to. Return whether one can.

    One whose other side is gone can be read.
    """
    poll = select.poll()
    wanted: dict[int, int] = {}
    for ones, event in ((reading, select.POLLIN), (writing, select.POLLOUT)):
        for one in ones:
            number = one if isinstance(one, int) else one.fileno()
            wanted[number] = wanted.get(number, 0) | event
    for number, events in wanted.items():
        poll.register(number, events)
    return bool(poll.poll(math.ceil(seconds * 1000)))


def allow_many() -> None:
    """Let this process have as many descriptors as it may allow itself and can use."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(now, _MANY if most == resource.RLIM_INFINITY else min(most, _MANY))
    if now not in {resource.RLIM_INFINITY, wanted}:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def are_short() -> bool:
    """Say whether those that are left must be kept for what cannot do without."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return False
    return most - len(os.listdir("/proc/self/fd")) < _RESERVE  # noqa: PTH208 - a count
