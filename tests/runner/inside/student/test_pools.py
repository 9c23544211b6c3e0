"""Pools and queues that a cell has used can be used by a check."""

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import marked

pytestmark = pytest.mark.torch

POOLS = {
    "threads": "from concurrent.futures import ThreadPoolExecutor\n"
    "pool = ThreadPoolExecutor(2)",
    "processes": "from concurrent.futures import ProcessPoolExecutor\n"
    "import multiprocessing\n"
    "pool = ProcessPoolExecutor(2, multiprocessing.get_context('fork'))",
    "multiprocessing": "import multiprocessing\n"
    "pool = multiprocessing.get_context('fork').Pool(2)",
    "threads of multiprocessing": "from multiprocessing.pool import ThreadPool\n"
    "pool = ThreadPool(2)",
    "joblib": "from joblib import Parallel, delayed\n"
    "class pool:\n"
    "    def map(function, items):\n"
    "        return Parallel(n_jobs=2)(delayed(function)(one) for one in items)",
}
USED = "\ndef run(): return list(pool.map(abs, range(-4, 0)))\nrun(), run()\n"
QUEUE = """import multiprocessing
queue = multiprocessing.get_context("fork").Queue()
def swap(value):
    queue.put(value)
    return queue.get(timeout=20)
swap(1)
"""


@pytest.mark.parametrize("made", POOLS.values(), ids=POOLS)
def test_a_pool_starts_anew(runner: Runner, made: str) -> None:
    result = marked(runner, made + USED, *["assert run() == [4, 3, 2, 1]"] * 2)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [
        (1, "")
    ] * 2


def test_a_pool_that_is_shut_down_stays_so(runner: Runner) -> None:
    made = f"{POOLS['processes']}{USED}pool.shutdown()\n"
    result = marked(runner, made, "run()")
    assert "after shutdown" in result.questions[0].checks[0].trace


def test_a_queue_between_processes_is_written_to(runner: Runner) -> None:
    result = marked(runner, QUEUE, "assert swap(5) == 5 and swap(6) == 6")
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_a_server_of_processes_starts_anew(runner: Runner) -> None:
    cell = (
        "import multiprocessing\n"
        "context = multiprocessing.get_context('forkserver')\n"
        "def run():\n"
        "    process = context.Process(target=print)\n"
        "    process.start(); process.join()\n"
        "    return process.exitcode\n"
        "run()\n"
    )
    result = marked(runner, cell, "assert run() == 0")
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]
