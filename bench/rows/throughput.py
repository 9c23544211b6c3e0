"""Row 5: graded runs a minute, two at a time, against nbgrader one after another."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from bench.measured_notebooks import LIGHT
from bench.ours import Ours
from bench.peers.nbgrader import Course
from bench.setting import Findings, Setting
from bench.targets import at_least_as_many

_AT_ONCE: Final = 2
_OUR_RUNS: Final = 40
# One command grades all of them, one after another: its own start counts once.
_STUDENTS: Final = 4


def measure(setting: Setting) -> Findings:
    """Return the rates of both graders with the same CPU-light notebook and points."""
    course = Course(
        LIGHT,
        students=_STUDENTS,
        interpreter=setting.peers,
        folder=setting.folder / "nbgrader-light",
    )
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        series = setting.take_turns(
            {
                "ours": lambda: _rate(setting.ours, threads),
                "nbgrader": lambda: _STUDENTS / course.autograde() * 60,
            }
        )
    row = at_least_as_many(
        f"5. graded runs a minute, {_AT_ONCE} at a time",
        series["ours"],
        "nbgrader, serial",
        series["nbgrader"],
        times=30,
    )
    return Findings(rows=(row,))


def _rate(ours: Ours, threads: ThreadPoolExecutor) -> float:
    """Return how many runs there were in a minute."""
    begun = time.perf_counter()
    list(threads.map(ours.run, [LIGHT] * _OUR_RUNS))
    return _OUR_RUNS / (time.perf_counter() - begun) * 60
