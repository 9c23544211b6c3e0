"""Whose turn it is to ask: one at a time, of threads and of forked processes."""

import mmap
import os
import threading
from collections.abc import Callable
from select import POLLIN, poll
from types import TracebackType
from typing import Final

from runner.wire.link import LinkClosedError

# How long a process waits until it looks whether the other still lives, in milliseconds.
_LOOK: Final = 50
_PID_BYTES: Final = 8


class Turn:
    """Held by whoever asks, and may be taken again by the same thread.

    `is_shared` says whether processes were forked that may ask, too. Then who asks has
    taken the byte out of a pipe, and says which process it is. Raises LinkClosedError if
    that process has ended meanwhile: its answer is still on its way to nobody.
    """

    def __init__(self, is_shared: Callable[[], bool]) -> None:
        self._is_shared = is_shared
        self._lock = threading.RLock()
        self._depth = 0
        self._has_byte = False
        self._taken, self._given = os.pipe()
        os.set_blocking(self._taken, False)
        os.write(self._given, b".")
        self._holder = mmap.mmap(-1, mmap.PAGESIZE)

    def __enter__(self) -> None:
        self._lock.acquire()
        try:
            if not self._depth and self._is_shared():
                self._take()
            self._depth += 1
        except BaseException:
            self._lock.release()
            raise

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth and self._has_byte:
            self._has_byte = False
            self._say_holder(0)
            os.write(self._given, b".")
        self._lock.release()

    def __del__(self) -> None:
        os.close(self._taken)
        os.close(self._given)

    def _take(self) -> None:
        ready = poll()
        ready.register(self._taken, POLLIN)
        while not self._has_byte:
            if ready.poll(_LOOK):
                try:
                    self._has_byte = os.read(self._taken, 1) == b"."
                except BlockingIOError:
                    continue  # another one was faster
            elif _has_ended(int.from_bytes(self._holder[:_PID_BYTES], "little")):
                raise LinkClosedError
        self._say_holder(os.getpid())

    def _say_holder(self, pid: int) -> None:
        self._holder[:_PID_BYTES] = pid.to_bytes(_PID_BYTES, "little")


def _has_ended(pid: int) -> bool:
    """Say whether the process has ended; 0 is one that is about to say its number."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
        # One that has ended stays there until its parent has waited for it.
        seen = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ProcessLookupError:
        return True
    except ChildProcessError:
        return False
    return seen is not None
