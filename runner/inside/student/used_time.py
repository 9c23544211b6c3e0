"""The processor time that a notebook has used, which its snapshots go on counting from.

The kernel counts from zero in each new process, so a stopwatch that a cell has started
would show less than nothing.
"""

import itertools
import os
import resource
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from os import times
from pathlib import Path
from resource import getrusage
from time import process_time_ns, thread_time_ns
from types import BuiltinFunctionType
from typing import Any, Final

_NS: Final = 1e9
_WHOSE: Final = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_PEAK: Final = 2  # the place of `ru_maxrss`, which is no sum
_last_of_ours = ""


class UsedTime:
    """What this process has used, in the kernel's figures. Make it in the main thread."""

    def __init__(self) -> None:
        self._process_ns, self._thread_ns = process_time_ns(), thread_time_ns()
        self._times = times()
        self._usage = {who: getrusage(who) for who in _WHOSE}

    def add(self, names: MutableMapping[str, Any]) -> None:
        """Let Python's functions in this snapshot count from here.

        `names` are the notebook's, which may have imported a function from its module.
        Modules of the notebook's own may have done so, too.
        """
        os.register_at_fork(after_in_child=self._forget)
        process_clock = self._process_clock(time.process_time_ns)
        thread_clock = self._thread_clock(time.thread_time_ns)
        instead: dict[Any, Callable[..., Any]] = {
            time.process_time: _put(
                time, "process_time", lambda: process_clock() / _NS
            ),
            time.process_time_ns: _put(time, "process_time_ns", process_clock),
            time.thread_time: _put(time, "thread_time", lambda: thread_clock() / _NS),
            time.thread_time_ns: _put(time, "thread_time_ns", thread_clock),
            os.times: _put(os, "times", self._all_times(os.times)),
            resource.getrusage: _put(
                resource, "getrusage", self._all_usage(resource.getrusage)
            ),
        }
        for place in (names, *_own_modules()):
            for name, value in list(place.items()):
                if type(value) is BuiltinFunctionType and value in instead:
                    place[name] = instead[value]

    def _forget(self) -> None:
        """Begin at zero in a process that the snapshot forks."""
        self._process_ns = self._thread_ns = 0
        self._times = os.times_result((0, 0, 0, 0, 0))
        self._usage = {}

    def _process_clock(self, usual: Callable[[], int]) -> Callable[[], int]:
        return lambda: usual() + self._process_ns

    def _thread_clock(self, usual: Callable[[], int]) -> Callable[[], int]:
        def clock() -> int:
            is_main = threading.current_thread() is threading.main_thread()
            return usual() + (self._thread_ns if is_main else 0)

        return clock

    def _all_times(self, usual: Callable[[], os.times_result]) -> Callable[..., Any]:
        def all_times() -> os.times_result:
            now = usual()
            sums = [one + before for one, before in zip(now, self._times, strict=True)]
            return os.times_result((*sums[:-1], now.elapsed))

        return all_times

    def _all_usage(
        self, usual: Callable[[int], resource.struct_rusage]
    ) -> Callable[..., Any]:
        def usage(who: int, /) -> resource.struct_rusage:
            now = usual(who)
            before = self._usage.get(who)
            if before is None:
                return now
            sums = [one + earlier for one, earlier in zip(now, before, strict=True)]
            sums[_PEAK] = max(now[_PEAK], before[_PEAK])
            return resource.struct_rusage(sums)

        return usage


def _put(module: Any, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Replace the module's function by this one, and return it."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = getattr(module, name).__doc__
    setattr(module, name, function)
    return function


def note_modules() -> None:
    """Note which modules are there before any notebook imports one."""
    global _last_of_ours  # noqa: PLW0603 - one list of modules a process
    _last_of_ours = next(reversed(sys.modules), "")


def _own_modules() -> list[dict[str, Any]]:
    """Return the names of the modules that lie beside the notebook.

    Only what was imported since `note_modules` is looked at. To look at an object writes
    to it, so that all the modules' memory would be copied: 25 ms for each snapshot.
    """
    home = f"{Path.home()}/"
    found = []
    for name in itertools.takewhile(_last_of_ours.__ne__, reversed(sys.modules)):
        names = vars(sys.modules[name])
        file = names.get("__file__")
        if isinstance(file, str) and file.startswith(home):
            found.append(names)
    return found
