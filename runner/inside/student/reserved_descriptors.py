"""Descriptors that a notebook which has opened too many files cannot take.

The soft limit is the assignment's. The hard limit is higher, so that the process can
still receive the sockets of a check, and its later cells and its questions can still
open some files. Code that raises its own soft limit takes from this reserve.
"""

import contextlib
import os
import resource
from collections.abc import Iterator
from typing import Final

# How many the hard limit allows beyond the assignment's limit.
RESERVE: Final = 256
# How many of these are for the channels alone, and for answers to a question.
_FOR_CHANNELS: Final = 16
_FOR_A_QUESTION: Final = 112
# How many more files each cell may open, whatever earlier cells have left open, and the
# part of the assignment's limit that this is at most.
_FOR_A_CELL: Final = 64
_PART: Final = 4


def split(files: int, most: int) -> tuple[int, int]:
    """Return the soft and the hard limit of a job, where `most` is the hard limit now."""
    hard = files + RESERVE
    if most != resource.RLIM_INFINITY:
        hard = min(hard, most)
    return max(min(files, hard - _FOR_CHANNELS), 0), hard


@contextlib.contextmanager
def lifted() -> Iterator[None]:
    """Allow this process every descriptor of the reserve inside."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    _allow(most)
    try:
        yield
    finally:
        _allow(before)


def allow_cell() -> None:
    """Allow some files to a cell, also if earlier cells have used up the limit."""
    try:
        with lifted():
            there = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count
    except OSError:
        return
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    room = min(_FOR_A_CELL, max(most - RESERVE, 0) // _PART)
    wanted = min(there + room, most - _FOR_A_QUESTION - _FOR_CHANNELS)
    if wanted > now:
        _allow(wanted)


def allow_question() -> None:
    """Allow the answers to a question all of the reserve but what the channels need."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    _allow(most - _FOR_CHANNELS)


def _allow(soft: int) -> None:
    """Set the soft limit, as far as the hard limit allows."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    # Another thread of the notebook's may lower the hard limit in between.
    with contextlib.suppress(ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(min(soft, most), 0), most))
