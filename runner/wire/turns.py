"""The turn to ask, which only one thread or forked process may have at a time."""

import mmap
import os
import threading
from collections.abc import Callable
from select import POLLIN, poll
from types import TracebackType
from typing import Final

from runner.wire.link import LinkClosedError

# How often a waiting process looks whether the holder still lives, in milliseconds.
_LOOK: Final = 50
_PID_BYTES: Final = 8


class Turn:
    """A lock for the right to ask. The thread that holds it may take it again.

    `is_shared` says whether processes were forked that may ask too. Then the process
    that asks first takes the byte out of a pipe, and writes its number into shared
    memory. Taking the turn raises LinkClosedError if the holder has ended meanwhile: the
    answer to its question may still arrive.
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
                    continue  # another process was faster
            elif _has_ended(int.from_bytes(self._holder[:_PID_BYTES], "little")):
                raise LinkClosedError
        self._say_holder(os.getpid())

    def _say_holder(self, pid: int) -> None:
        self._holder[:_PID_BYTES] = pid.to_bytes(_PID_BYTES, "little")


def _has_ended(pid: int) -> bool:
    """Return whether the process has ended. 0 is one that has not written its number."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
        # A process that has ended stays listed until its parent has waited for it.
        seen = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ProcessLookupError:
        return True
    except ChildProcessError:
        return False
    return seen is not None
