"""What stands still cannot be woken by anything that a job can do."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from runner.host.held_snapshots import HeldSnapshots
from runner.host.runner import Runner
from runner.host.snapshot_memory import SnapshotMemory
from runner.host.waiting_snapshots import WaitingSnapshots
from runner.jail import held_processes
from runner.jail.held_processes import HeldProcesses
from runner.system.processes import living_threads, runs_before_stop
from tests.runner.notebooks import cell, job, messages, question
from tests.services.processes import wait_until

# Two threads compute.
TWO_THREADS = """
import threading
def compute():
    while True: pass
threading.Thread(target=compute, daemon=True).start()
print(flush=True)
compute()
"""


@pytest.fixture(autouse=True)
def not_in_a_jail(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cover nothing: this process is no first process of a jail."""
    for name in ("_cover", "_uncover"):
        monkeypatch.setattr(held_processes, name, lambda _threads: True)


@pytest.fixture
def running() -> Iterator[int]:
    """Yield a process that computes in two threads."""
    program = [sys.executable, "-S", "-c", TWO_THREADS]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as one:
        assert one.stdout is not None
        one.stdout.readline()
        yield one.pid
        one.kill()


@pytest.mark.parametrize("is_stopped", [True, False])
def test_a_held_process_runs_only_when_it_is_released(
    running: int, *, is_stopped: bool
) -> None:
    held = HeldProcesses()
    if is_stopped:
        os.kill(running, signal.SIGSTOP)
    assert held.hold(running)
    ran = runs_before_stop(running)
    assert ran is not None
    assert len(ran) == 2
    os.kill(running, signal.SIGCONT)
    assert [runs_before_stop(running) for _ in range(200)] == [ran] * 200
    assert held.release(running)
    wait_until(lambda: runs_before_stop(running) is None, seconds=5, what="a run")


def test_a_held_process_can_be_ended(running: int) -> None:
    held = HeldProcesses()
    assert held.hold(running)
    other = next(iter(living_threads(running) - {running}))
    os.kill(running, signal.SIGKILL)
    # The kernel tells the end of each thread, as it does the first process of a jail.
    assert os.waitpid(other, 0) == (other, signal.SIGKILL)
    assert os.waitpid(running, 0) == (running, signal.SIGKILL)


def test_a_process_that_is_gone_needs_no_holding() -> None:
    with subprocess.Popen(["true"]) as one:
        one.wait()
        held = HeldProcesses()
        assert held.hold(one.pid)


def test_a_snapshot_that_was_just_told_to_stop_has_not_moved(running: int) -> None:
    memory = SnapshotMemory(1)
    kept, own = WaitingSnapshots(), os.pidfd_open(running)
    kept.add(running, own)
    assert memory.enforce(kept) == [running]
    assert not memory.ran_although_stopped


@pytest.mark.torch
@pytest.mark.parametrize("failing", ["both are held", "the first is released"])
def test_a_snapshot_that_cannot_be_held_is_made_again(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """It is ended, whatever the reason is. No points are lost."""
    finish, calls = HeldSnapshots.finish, list[set[int]]()

    def fail(held: HeldSnapshots) -> set[int]:
        calls.append(set(held._begun.values()))
        failed = finish(held)
        is_now = len(calls) == (1 if failing == "both are held" else 2)
        return calls[-1] if is_now else failed

    monkeypatch.setattr(HeldSnapshots, "finish", fail)
    keys = ("q1", "q2")
    asking = [question(key, "def check(f): assert f() == 1\n") for key in keys]
    cells = [cell(f"# softmark: check {key}") for key in keys]
    result = runner.run(job("def f(): return 1", *cells, questions=tuple(asking)))
    assert messages(result) == ["passed", "passed"]
    assert len(calls[0]) == 2
