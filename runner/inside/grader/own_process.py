"""Run each conversation of the grader in its own process, and end what it leaves.

Tests change the state of their process: settings of torch and numpy, the environment,
started mocks, open figures. Otherwise a check that fails before it restores that state
would cost another question its points.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Final, NoReturn

from runner.protocol import check_words
from runner.system import linux
from runner.system.processes import descendants, kill_all
from runner.wire.frames import ChannelClosedError

_PAUSE_SECONDS: Final = 0.001


def run_apart(work: Callable[[], None]) -> None:
    """Do the work in a forked process, and wait for its end.

    If the work did not finish, this process ends in the same way as that one: by the
    same signal or with the same status.
    """
    told, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _do(work, tell)
    os.close(tell)
    ended, status = os.waitpid(-1, 0)
    while ended != pid:  # an orphan of a test
        ended, status = os.waitpid(-1, 0)
    # A process that a test has left behind may hold the other end open.
    os.set_blocking(told, False)
    with suppress(BlockingIOError):
        is_done = os.read(told, 1) == b"."
        os.close(told)
        if is_done:
            return
    _end_as(os.waitstatus_to_exitcode(status))


def adopt_orphans() -> None:
    """Make this process the parent of its descendants' orphans, so that it can end them."""
    linux.adopt_orphans()


def end_left_running(seconds: float) -> bool:
    """End the processes that a test has left, and wait until they are gone.

    Their memory is then free again. Return whether that took at most so many seconds.
    Raises nothing.
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
    """Reap children that have ended. Return whether any child is left."""
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
        os._exit(check_words.OUT_OF_MEMORY_STATUS)
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
