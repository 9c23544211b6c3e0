"""Each conversation of the grader's in a process of its own.

Tests change the state of the process that they run in: settings of torch and numpy, the
environment, mocks that were started, figures that are open. A check that fails before it
puts them back would else cost another question its points.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

from runner import marks
from runner.frames import ChannelClosedError


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
    _, status = os.waitpid(pid, 0)
    # A process that a test has left behind may hold the other end.
    os.set_blocking(told, False)
    with suppress(BlockingIOError):
        is_done = os.read(told, 1) == b"."
        os.close(told)
        if is_done:
            return
    _end_as(os.waitstatus_to_exitcode(status))


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
