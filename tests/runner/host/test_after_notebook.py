"""After the notebook's end its limits no longer apply, and earned results are kept."""

from collections.abc import Callable

import pytest

from runner.host.monitor import Monitor
from runner.host.runner import Runner
from runner.host.session import Session
from runner.host.snapshots import Snapshot
from runner.protocol.endings import JobEnded, limit, platform
from runner.protocol.jobs import JobResult, Limits, Verdict
from tests.runner.notebooks import cell, job, messages, question

pytestmark = pytest.mark.torch

CHECKS = [cell(f"# softmark: check q{n}") for n in (1, 2)]
QUESTIONS = tuple(
    question(f"q{n}", "def check(answer): assert answer == 42\n") for n in (1, 2)
)
WORK = "answer = 42"


def run(runner: Runner, *cells: object) -> JobResult:
    limits = Limits(disk_bytes=32 << 20)
    return runner.run(job(*cells, questions=QUESTIONS, limits=limits))  # type: ignore[arg-type]  # cells


FULL_AND_AWAKE = """
import os, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for name in "ab":
    try:
        with open(name, "wb", buffering=0) as file:
            while True: file.write(bytes(4096))
    except OSError: pass
for pid in filter(str.isdigit, os.listdir("/proc")):
    if int(pid) not in (1, os.getpid()): os.kill(int(pid), signal.SIGCONT)
"""


def test_a_full_disk_and_woken_snapshots_do_not_lose_the_result(
    runner: Runner,
) -> None:
    """Nothing wakes a snapshot, so both are asked on the states of their check cells."""
    result = run(runner, WORK, *CHECKS, FULL_AND_AWAKE)
    assert result.code in {"completed", "disk"}
    assert messages(result) == ["passed", "passed"]


def raising(
    monkeypatch: pytest.MonkeyPatch, error: JobEnded, *, asked: bool = False
) -> None:
    """Let the first look after the notebook's end raise, or one during a question."""
    tick, left = Monitor.tick, [error]

    def ticked(watch: Monitor, init: int) -> None:
        if watch.is_checking and left and bool(watch.grader_init) is asked:
            raise left.pop()
        tick(watch, init)

    monkeypatch.setattr(Monitor, "tick", ticked)


def while_settling(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each snapshot take a moment before it stands still."""
    wait_until_still: Callable[..., None] = Snapshot.wait_until_still

    def waited(one: Snapshot, session: Session, deadline: float) -> None:
        session.tick()
        wait_until_still(one, session, deadline)

    monkeypatch.setattr(Snapshot, "wait_until_still", waited)


@pytest.mark.parametrize("code", ["memory", "disk", "processes", "run_time", "output"])
def test_a_limit_while_snapshots_come_to_a_stop_costs_nothing(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    while_settling(monkeypatch)
    raising(monkeypatch, limit(code))
    result = run(runner, WORK, *CHECKS)
    assert (result.code, messages(result)) == ("completed", ["passed"] * 2)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("memory", "out of memory"),
        ("run_time", "Python stopped before this check was done"),
    ],
)
def test_a_limit_while_a_question_is_asked_costs_that_question_alone(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, code: str, words: str
) -> None:
    raising(monkeypatch, limit(code), asked=True)
    result = run(runner, WORK, *CHECKS)
    assert (result.code, messages(result)) == ("completed", [words, "passed"])


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (platform("runner_failed"), Verdict.PLATFORM),
        (JobEnded(Verdict.CANCELLED, "cancelled"), Verdict.CANCELLED),
    ],
)
def test_a_fault_of_ours_and_a_cancelled_job_end_the_run(
    runner: Runner,
    monkeypatch: pytest.MonkeyPatch,
    error: JobEnded,
    verdict: Verdict,
) -> None:
    while_settling(monkeypatch)
    raising(monkeypatch, error)
    assert run(runner, WORK, *CHECKS).verdict is verdict
