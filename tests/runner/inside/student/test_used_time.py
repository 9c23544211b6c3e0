"""Processor time in a snapshot goes on from what the notebook has used."""

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import marked

pytestmark = pytest.mark.torch

CLOCKS = """import os, resource, sys, threading, time
from pathlib import Path
from time import process_time as used, thread_time_ns
Path("stopwatch.py").write_text(
    "from time import process_time\\n"
    "started = process_time()\\n"
    "def elapsed(): return process_time() - started\\n"
)
sys.path.insert(0, "")
import stopwatch
while time.process_time() < 1: pass
def read():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return [time.process_time(), time.process_time_ns() / 1e9, time.thread_time(),
        thread_time_ns() / 1e9, used(), sum(os.times()[:2]), usage[0] + usage[1]]
before, peak = read(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def steps(): return [now - then for now, then in zip(read(), before)]
def peak_now(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
elapsed = stopwatch.elapsed
def in_thread():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(time.thread_time()))
    thread.start(); thread.join()
    return seen[0]
def in_child():
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, str(time.process_time()).encode())
        os._exit(0)
    os.wait()
    return float(os.read(reader, 100))
"""
CHECKS = {
    "every clock": "assert all(0 <= step < 1 for step in steps()), steps()",
    "a module": "assert elapsed() > 0",
    "the peak": "assert peak_now() >= 0",
    "another thread": "assert in_thread() < 0.5",
    "a forked process": "assert in_child() < 0.5",
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_used_time_goes_on(runner: Runner, check: str) -> None:
    result = marked(runner, CLOCKS, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_a_notebook_that_has_replaced_a_clock_is_answered(runner: Runner) -> None:
    cell = "import os, time\ntime.process_time_ns = os.times = os.waitid = None\n"
    result = marked(runner, f"{cell}def f(): return 4\n", "assert f() == 4")
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]
