"""An object of psutil's for the notebook's process describes the snapshot that uses it."""

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import marked

pytestmark = pytest.mark.torch

NOTEBOOK = """import os, psutil
process, first = psutil.Process(os.getpid()), psutil.Process(1)
class Meter:
    def __init__(self): self.process = psutil.Process()
    def used(self): return self.process.memory_info().rss
meter = Meter()
before = process.memory_info().rss
def grown():
    filled = b"x" * 50_000_000
    return process.memory_info().rss - before > 10_000_000, len(filled)
def used(): return meter.used()
def numbers():
    first.ppid(), process.ppid()
    return first.pid == 1, process.pid == os.getpid(), process.is_running()
def fresh(): return psutil.Process().memory_info().rss
"""
CHECKS = {
    "by a name": "assert grown()[0]",
    "in an object": "assert used() > 0",
    "their numbers": "assert all(numbers())",
    "a new one": "assert fresh() > 0",
}


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_the_notebooks_own_process_is_the_snapshot(runner: Runner, check: str) -> None:
    result = marked(runner, NOTEBOOK, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]
