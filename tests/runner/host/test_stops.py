"""A snapshot's run count is trusted only once the kernel has counted its last run."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest

from runner.host import snapshots
from runner.host.runner import Runner
from runner.host.session import Session
from runner.host.snapshot_memory import SnapshotMemory
from runner.host.snapshots import Snapshot
from runner.host.waiting_snapshots import WaitingSnapshots
from runner.protocol.jobs import JobResult
from runner.system.processes import is_at_rest, runs_before_stop
from tests.runner.notebooks import cell, job, messages, question

Counts = frozenset[tuple[int, int]]
EARLY, LAST = frozenset([(1, 7)]), frozenset([(1, 8)])


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Snapshot]]:
    """Yield a function that makes a snapshot with scripted answers of the kernel."""
    made: list[Snapshot] = []

    def make(counts: list[Counts | None], rest: list[bool | None]) -> Snapshot:
        def next_of(values: list[object]) -> object:
            return values.pop(0) if len(values) > 1 else values[0]

        monkeypatch.setattr(snapshots, "runs_before_stop", lambda _: next_of(counts))  # type: ignore[arg-type]  # a list of them
        monkeypatch.setattr(snapshots, "is_at_rest", lambda _: next_of(rest))  # type: ignore[arg-type]  # a list of them
        monkeypatch.setattr(Snapshot, "_signal", lambda *_: True)
        made.append(Snapshot())
        return made[0]

    yield make
    made[0].close()


def test_a_run_count_is_taken_only_once_the_process_rests(
    known: Callable[..., Snapshot],
) -> None:
    one = known([None, EARLY, EARLY, LAST], [False, True])
    assert [one.look_if_still() for _ in range(3)] == [False, False, True]
    assert one._ran == LAST


def test_without_word_from_the_kernel_two_equal_looks_are_needed(
    known: Callable[..., Snapshot], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 0.0, 0.01, 0.01, 0.02, 0.031])
    clock = SimpleNamespace(monotonic=lambda: next(now))
    monkeypatch.setattr(snapshots, "time", clock)
    one = known([EARLY, LAST], [None])
    assert [one.look_if_still() for _ in range(4)] == [False, False, False, True]
    assert one._ran == LAST


@pytest.fixture
def running() -> Iterator[int]:
    """Yield a process that computes."""
    with subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"]) as one:
        yield one.pid
        one.kill()


def test_a_stopped_process_keeps_its_run_count_until_it_runs(running: int) -> None:
    one = Snapshot()
    one.pid, one._pidfd = running, os.pidfd_open(running)
    for _ in range(200):
        os.kill(running, signal.SIGSTOP)
        while not one.look_if_still():
            pass
        assert is_at_rest(running) is not False
        assert runs_before_stop(running) == one._ran
        os.kill(running, signal.SIGCONT)
    one.close()


def test_a_snapshot_that_was_just_told_to_stop_has_not_moved(running: int) -> None:
    memory = SnapshotMemory(1)
    kept, own = WaitingSnapshots(), os.pidfd_open(running)
    kept.add(running, own)
    assert memory.enforce(kept) == [running]
    assert not memory.ran_although_stopped


def run_with_wrong_figure(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> JobResult:
    """Run two questions whose snapshots both seem to have moved when first asked."""
    wait_until_still = Snapshot.wait_until_still
    waited: list[Snapshot] = []

    def early(one: Snapshot, session: Session, deadline: float) -> None:
        wait_until_still(one, session, deadline)
        if len(waited) < 2:
            waited.append(one)
            one._ran = EARLY

    monkeypatch.setattr(Snapshot, "wait_until_still", early)
    keys = ("q1", "q2")
    asking = [question(key, "def check(f): assert f() == 1\n") for key in keys]
    cells = [cell(f"# softmark: check {key}") for key in keys]
    return runner.run(job("def f(): return 1", *cells, questions=tuple(asking)))


@pytest.mark.torch
def test_a_moved_snapshot_that_nothing_could_have_woken_is_made_again(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's new process could have woken the second, which is lost."""
    result = run_with_wrong_figure(runner, monkeypatch)
    assert messages(result) == ["passed", "Python stopped before this check was done"]
