"""The positions in open files and folders, which all snapshots of a notebook share."""

import contextlib
import os
import stat
from collections.abc import Mapping


def note() -> Mapping[int, int]:
    """Return the offset of each file or folder that this process has open, by descriptor.

    A folder has one too: a listing (`os.scandir`) reads on from there.
    """
    offsets = {}
    with contextlib.suppress(OSError):
        for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, no paths
            fd = int(name)
            with contextlib.suppress(OSError):
                mode = os.fstat(fd).st_mode
                if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
                    offsets[fd] = os.lseek(fd, 0, os.SEEK_CUR)
    return offsets


def restore(offsets: Mapping[int, int]) -> None:
    """Set the offsets that were noted in this process, or in the one that it was forked from.

    Call it before any code of the notebook's runs: later a descriptor's number may
    belong to another file.
    """
    for fd, offset in offsets.items():
        with contextlib.suppress(OSError):
            os.lseek(fd, offset, os.SEEK_SET)
