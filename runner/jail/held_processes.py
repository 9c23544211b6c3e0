"""Processes of a jail that its first process holds: they cannot run, and are not found.

SIGCONT from any process of the same user wakes a process that SIGSTOP has stopped. A
thread that is held as a debugger holds it (ptrace(2), PTRACE_SEIZE) runs again only when
this process lets it, or to end. And /proc/PID shows the memory, the open files and the
arguments of a process to every other process of its user. So the folder there of a held
process, and those of its threads, are covered.
"""

import contextlib
import ctypes
import errno
import os
import time
from collections.abc import Iterable
from typing import Final

from runner.jail import kernel, path_rules, privileges
from runner.system.processes import living_threads

_DETACH: Final = 17
_SEIZE: Final = 0x4206
_INTERRUPT: Final = 0x4207
_ALL_CHILDREN: Final = 0x4000_0000  # __WALL: threads, too
# A thread that was told to stop needs a processor to do so.
_STOP_SECONDS: Final = 2.0
_PAUSE_SECONDS: Final = 0.0002
_libc: Final = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.restype = ctypes.c_long


class HeldProcesses:
    """The processes that this one, the first of a sealed jail, holds."""

    def __init__(self) -> None:
        self._threads: dict[int, set[int]] = {}

    def hold(self, pid: int) -> bool:
        """Hold the process. Return whether it is held and covered, or has ended.

        One of which this returns false must be ended.
        """
        held = self._threads[pid] = set()
        deadline = time.monotonic() + _STOP_SECONDS
        try:
            # A thread that is not held yet may start others.
            while fresh := living_threads(pid) - held:
                begun = set(filter(_begin_to_hold, fresh))
                for thread in begun:
                    _wait_until_held(thread, deadline)
                held |= begun
                if time.monotonic() > deadline:
                    return False
        except OSError:
            return False
        return _cover({pid, *held})

    def release(self, pid: int) -> bool:
        """Let the process run and be found again. Return whether it can be."""
        threads = self._threads.pop(pid, set())
        is_found = _uncover({pid, *threads})
        for thread in threads:
            with contextlib.suppress(ProcessLookupError):
                _trace(_DETACH, thread)
        return is_found


def _cover(threads: Iterable[int]) -> bool:
    # Each thread has an entry of its own, which no listing of /proc shows.
    with privileges.with_mount_right():
        for thread in threads:
            empty = kernel.hold_tree(path_rules.NOTHING)
            with contextlib.suppress(OSError):  # it has ended
                kernel.attach(empty, f"/proc/{thread}")
    return not any(map(_is_found, threads))


def _uncover(threads: Iterable[int]) -> bool:
    with privileges.with_mount_right():
        for thread in threads:
            with contextlib.suppress(OSError):  # it has ended
                kernel.detach(f"/proc/{thread}")
    return all(map(_is_found, threads))


def _is_found(thread: int) -> bool:
    """Return whether processes of this jail find the thread in /proc."""
    return os.path.exists(f"/proc/{thread}/stat")  # noqa: PTH110 - many of these


def _begin_to_hold(thread: int) -> bool:
    """Tell the thread to stop for this process. Return false if it has ended.

    Raises OSError if this process may not hold it.
    """
    try:
        _trace(_SEIZE, thread)
        _trace(_INTERRUPT, thread)
    except ProcessLookupError:
        return False
    return True


def _wait_until_held(thread: int, deadline: float) -> None:
    """Wait until the thread stands still, or has ended. Raises OSError if it does not."""
    while os.waitpid(thread, _ALL_CHILDREN | os.WNOHANG)[0] == 0:
        if time.monotonic() > deadline:
            raise OSError(errno.ETIMEDOUT, "a thread does not stop")
        time.sleep(_PAUSE_SECONDS)


def _trace(request: int, thread: int) -> None:
    none = ctypes.c_void_p(0)
    kernel.check(
        "ptrace", _libc.ptrace(ctypes.c_long(request), ctypes.c_int(thread), none, none)
    )
