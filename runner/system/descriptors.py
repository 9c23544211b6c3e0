"""Waiting for descriptors, and how many of them this process may have.

A worker with some jobs has more than a thousand. select(2) accepts none beyond 1023, so
nothing here uses it.
"""

import math
import os
import resource
import select
from collections.abc import Iterable
from typing import Final, Protocol

# Descriptors that a worker needs for its jobs, its database and its broker, in addition
# to those for snapshots.
_RESERVE: Final = 256
# More are of no use, and some programs loop over all descriptors up to the limit.
_MANY: Final = 65_536


class _Open(Protocol):
    def fileno(self) -> int: ...


def wait(
    reading: Iterable[_Open | int] = (),
    writing: Iterable[_Open | int] = (),
    *,
    seconds: float,
) -> bool:
    """Wait until a descriptor can be read or written to. Return whether one can.

    A descriptor whose other side is gone can be read.
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
    """Raise this process's limit of descriptors as far as is allowed and of use."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(now, _MANY if most == resource.RLIM_INFINITY else min(most, _MANY))
    if now not in {resource.RLIM_INFINITY, wanted}:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def few_are_left() -> bool:
    """Return whether the descriptors left must be kept for other uses than snapshots."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return False
    return most - len(os.listdir("/proc/self/fd")) < _RESERVE  # noqa: PTH208 - a count
