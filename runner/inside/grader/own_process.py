"""Run each conversation of the grader's in a process of its own, and end what is left.

Tests change the state of the process that they run in: settings of torch and numpy, the
environment, mocks that were started, figures that are open. A check that fails before it
puts them back would else cost another question its points.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from runner.protocol import marks
from runner.system import linux
from runner.system.processes import descendants, kill_all
from runner.wire.frames import ChannelClosedError

_PAUSE_SECONDS: Final = 0.001


def run_apart(work: Callable[[], None]) -> None:
    """Do the work in a forked process, and wait for its end.

    If it did not come to its end, this process ends in the same way: by the same signal
    or with the same status.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _do(work, tell)
    os.close(tell)
    ended, status = os.waitpid(-1, 0)
    while ended != pid:  # an orphan of a test's
        ended, status = os.waitpid(-1, 0)
    # A process that a test has left behind may hold the other end.
    os.set_blocking(told, False)
    with suppress(BlockingIOError):
        is_done = os.read(told, 1) == b"."
        os.close(told)
        if is_done:
            return
    _end_as(os.waitstatus_to_exitcode(status))


def adopt_orphans() -> None:
    """Let whatever the tests' processes start be below this one, to be ended by it."""
    linux.adopt_orphans()


def end_left_running(seconds: float) -> bool:
    """End the processes that a test has left, and wait until they are gone.

    Their memory is free again then. Return whether that took so many seconds at most.
    Nothing is raised.
    """
    deadline, own = time.monotonic() + seconds, os.getpid()
    try:
        while _reap():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            kill_all(lambda: descendants(own), left)
            time.sleep(_PAUSE_SECONDS)
    except Exception:  # noqa: BLE001 - whoever asks takes a fresh jail then
        return False
    return True


def _reap() -> bool:
    """Take in children that have ended. Return whether any is left."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True


def _do(work: Callable[[], None], tell: int) -> NoReturn:
    try:
        work()
        os.write(tell, b".")
    except ChannelClosedError:
        os._exit(0)
    except MemoryError:
        os._exit(marks.OUT_OF_MEMORY_STATUS)
    except BaseException:  # noqa: BLE001 - a process edge
        with suppress(Exception):
            traceback.print_exc(file=sys.__stderr__)
        os._exit(1)
    os._exit(0)


def _end_as(code: int) -> NoReturn:
    if code < 0:
        with suppress(OSError, ValueError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(max(code, 0))
