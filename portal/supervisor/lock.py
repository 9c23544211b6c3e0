"""The lock that allows one supervisor for each var folder."""

import fcntl
import os
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another supervisor holds the folder."""


def hold_lock(path: Path) -> int:
    """Lock the folder for this process until it ends, however it ends.

    Return the descriptor, which the caller keeps open. The kernel frees the lock when
    the process dies, so a lock file that was left behind blocks nobody. Raises
    AlreadyRunningError.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise AlreadyRunningError(
            f"Softmark is already running from {path.parent.parent} (process {holder}). "
            "Stop it with Ctrl-C there, or set SOFTMARK_VAR to another folder."
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
