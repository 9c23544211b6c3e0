"""A snapshot knows how the notebook's processes have ended, and says which still run."""

import pytest

from runner.host.runner import Runner
from tests.runner.notebooks import job, marked, messages, question, scores, text

pytestmark = pytest.mark.torch

PROGRAMS = """import os, subprocess, sys
failed = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])
killed = subprocess.Popen(["sleep", "100"])
killed.kill()
number = os.spawnvp(os.P_NOWAIT, "false", ["false"])
for pid in (failed.pid, killed.pid, number):
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
running = subprocess.Popen(["sleep", "100"])
def code(): return failed.wait()
def polled(): return killed.poll()
def status(): return os.waitpid(number, 0)
def is_reaped():
    os.waitpid(number, 0)
    try: os.waitpid(number, 0)
    except ChildProcessError: return True
def any_child(): return sorted(status for _, status in (os.wait() for _ in range(3)))
def wait(): return running.wait()
def poll(): return running.poll()
def wait_for_number(): return os.waitpid(running.pid, 0)
def wait_for_any():
    while True: os.wait()
def own(): return subprocess.run(["false"]).returncode, os.system("exit 4") >> 8
def drop():
    global running
    del running
    return own()
"""
KNOWN = {
    "wait": "assert code() == 3",
    "poll": "assert polled() == -9",
    "waitpid": "assert status()[1] == 256",
    "it is reaped once": "assert is_reaped()",
    "wait for any": "assert any_child() == [9, 256, 768]",
    "its own programs": "assert own() == (1, 4)",
    "a program that runs is dropped": "assert drop() == (1, 4)",
}


@pytest.mark.parametrize("check", KNOWN.values(), ids=KNOWN)
def test_the_end_of_a_program_is_known(runner: Runner, check: str) -> None:
    result = marked(runner, PROGRAMS, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


@pytest.mark.parametrize("call", ["wait", "poll", "wait_for_number", "wait_for_any"])
def test_a_program_that_runs_has_no_end(runner: Runner, call: str) -> None:
    result = marked(runner, PROGRAMS, f"{call}()")
    assert messages(result) == ["raised RuntimeError"]
    assert "runs in the notebook alone" in result.questions[0].checks[0].trace


def test_a_program_that_has_failed_does_not_pass(runner: Runner) -> None:
    result = marked(runner, PROGRAMS, "assert failed.wait() == 0")
    assert [one.score for one in result.questions[0].checks] == [0.0]


def test_a_snapshot_leaves_the_end_to_the_notebook(runner: Runner) -> None:
    cells = (PROGRAMS, "# softmark: check q1", "print(code())")
    asked = (question("q1", "def check(code):\n    assert code() == 3\n"),)
    result = runner.run(job(*cells, questions=asked))
    assert (text(result, 3), scores(result)) == ("3\n", {"q1": [1.0]})


PROCESSES = """import multiprocessing, os, time
context = multiprocessing.get_context("fork")
def end(): raise SystemExit(5)
joined, ended, unborn = (context.Process(target=end) for _ in range(3))
joined.start(); joined.join()
ended.start()
os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
running = context.Process(target=time.sleep, args=(100,))
running.start()
def states(): return joined.is_alive(), joined.exitcode, ended.is_alive(), ended.exitcode
def join():
    ended.join()
    return ended.exitcode
def start(process=unborn):
    process.start()
    process.join()
    return process.exitcode
def fresh(): return start(context.Process(target=end))
def is_running(): return running.is_alive()
"""
STATES = {
    "states": "assert states() == (False, 5, False, 5)",
    "join": "assert join() == 5",
    "start": "assert start() == 5",
    "a new one": "assert fresh() == 5",
}


@pytest.mark.parametrize("check", STATES.values(), ids=STATES)
def test_processes_of_multiprocessing_can_be_used(runner: Runner, check: str) -> None:
    result = marked(runner, PROCESSES, check)
    assert [(one.score, one.trace) for one in result.questions[0].checks] == [(1, "")]


def test_a_process_of_multiprocessing_that_runs_says_so(runner: Runner) -> None:
    result = marked(runner, PROCESSES, "is_running()")
    assert messages(result) == ["raised RuntimeError"]
    assert "runs in the notebook alone" in result.questions[0].checks[0].trace
