"""All waiting snapshots together may take the memory limit once more."""

import dataclasses
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runner.host import snapshot_memory
from runner.host.monitor import Monitor
from runner.host.runner import Runner
from runner.host.snapshot_memory import SnapshotMemory
from runner.host.waiting_snapshots import WaitingSnapshots
from runner.protocol.jobs import Limits
from runner.system.clock import JobClock
from runner.system.processes import proportional_memory, read_process
from tests.runner.notebooks import cell, job, question, scores
from tests.services.processes import wait_until

MIB = 1024**2
HOLD = "import sys; kept = bytearray(b'x') * {}; print(flush=True); sys.stdin.read()"


@pytest.fixture
def hold() -> Iterator[Callable[[int], int]]:
    """Yield a function that starts a process of so many MiB and returns its number."""
    started: list[subprocess.Popen[bytes]] = []

    def start(mebibytes: int) -> int:
        program = [sys.executable, "-S", "-c", HOLD.format(mebibytes * MIB)]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(program, stdin=pipe, stdout=pipe))
        assert started[-1].stdout is not None
        started[-1].stdout.readline()
        return started[-1].pid

    yield start
    for one in started:
        one.kill()
        one.communicate()


def keep(*pids: int) -> WaitingSnapshots:
    """Keep these processes, by descriptors that are never closed here."""
    kept = WaitingSnapshots()
    for pid in pids:
        own = os.pidfd_open(pid)
        kept.add(pid, own)
        os.close(own)
    return kept


def alive(pids: Sequence[int]) -> list[int]:
    infos = [read_process(pid) for pid in pids]
    return [one.pid for one in infos if one is not None and one.state not in "ZX"]


def test_within_the_limit_all_snapshots_stay(hold: Callable[[int], int]) -> None:
    pids = [hold(20), hold(20)]
    assert SnapshotMemory(120 * MIB).enforce(keep(*pids)) == []


def test_past_the_limit_the_youngest_snapshots_end(hold: Callable[[int], int]) -> None:
    pids = []
    for _ in range(3):
        pids.append(hold(60))
        wait_for_a_tick()
    assert SnapshotMemory(150 * MIB).enforce(keep(*pids)) == pids[2:]
    wait_until(lambda: alive(pids) == pids[:2], seconds=5, what="the end of one")


def test_a_process_number_that_was_given_away_is_not_a_snapshot(
    hold: Callable[[int], int],
) -> None:
    gone, other = hold(1), hold(60)
    kept = keep(gone)
    os.kill(gone, signal.SIGKILL)
    wait_until(lambda: not kept.numbers(), seconds=5, what="the end of one")
    assert gone not in kept
    # As if the number were given to another process before the next look.
    kept = WaitingSnapshots()
    kept._pidfds[other] = os.open(os.devnull, os.O_RDONLY)
    assert SnapshotMemory(MIB).enforce(kept) == [other]
    assert alive([other]) == [other]
    kept._pidfds.clear()


def wait_for_a_tick() -> None:
    """Wait for one tick, the resolution of the kernel's process ages."""
    begun = time.clock_gettime(time.CLOCK_BOOTTIME)
    wait_until(
        lambda: time.clock_gettime(time.CLOCK_BOOTTIME) - begun > 0.02,
        seconds=1,
        what="a tick",
    )


def test_many_snapshots_are_measured_a_few_at_a_time(
    hold: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[int] = []

    def measure(pids: Sequence[int]) -> int:
        measured.extend(pids)
        return 0

    monkeypatch.setattr("runner.host.memory_shares.proportional_memory", measure)
    pids, memory = [hold(1) for _ in range(6)], SnapshotMemory(MIB)
    memory.enforce(keep(*pids))
    assert len(measured) == 4
    memory.enforce(keep(*pids))
    assert set(measured) == set(pids)


def test_a_process_that_hides_its_memory_counts_in_full(
    hold: Callable[[int], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pid = hold(50)

    def hidden(path: Path) -> str:
        if path.name == "smaps_rollup":
            raise PermissionError
        return path.read_bytes().decode()

    monkeypatch.setattr(Path, "read_text", lambda path, **_: hidden(path))
    assert proportional_memory([pid]) >= 50 * MIB


FILL = """
import sys, threading
module = sys.modules["runner.inside.student.snapshot"]
serve = module._serve
def fill():
    global kept
    kept = bytearray(b"x") * (150 * 2**20)
def served(*arguments):
    threading.Thread(target=fill, daemon=True).start()
    return serve(*arguments)
module._serve = served
answer = 42
"""
# Snapshots stand still, whatever signals a notebook sends them.
GO_ON = """
import os, signal, time
for _ in range(60):
    for name in filter(str.isdigit, os.listdir("/proc")):
        if int(name) not in (1, os.getpid()): os.kill(int(name), signal.SIGCONT)
    time.sleep(0.05)
"""


def test_kernel_memory_of_waiting_snapshots_does_not_count_for_the_notebook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch = Monitor(job("1"), lambda _: None, lambda: False, JobClock())
    group = SimpleNamespace(kernel_bytes=lambda: 300 * MIB)
    monkeypatch.setattr(watch, "_prepared", SimpleNamespace(group=group))
    tables = {5: 100 * MIB, 6: 70 * MIB}
    monkeypatch.setattr(snapshot_memory, "page_table_bytes", tables.__getitem__)
    assert watch._kernel_bytes([]) == (300 - 64) * MIB
    monkeypatch.setattr(watch.waiting_snapshots, "numbers", lambda: tables)
    assert watch._kernel_bytes([]) == (300 - 64 - 170 - 1) * MIB
    monkeypatch.setattr(watch.waiting_snapshots, "numbers", dict)
    assert watch._kernel_bytes([]) == (300 - 64) * MIB


def test_without_a_control_group_the_memory_of_the_first_process_counts(
    hold: Callable[[int], int],
) -> None:
    """It grows with the names of files that it keeps for the job."""
    watch = Monitor(job("1"), lambda _: None, lambda: False, JobClock())
    prepared: Any = SimpleNamespace(group=None, job=SimpleNamespace(pid=hold(100)))
    watch.begin(prepared)
    assert watch._kernel_bytes([]) == 0
    prepared.job.pid = hold(200)
    assert 30 * MIB < watch._kernel_bytes([]) < 40 * MIB


@pytest.mark.long
@pytest.mark.torch
def test_snapshots_do_not_grow_while_they_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Together, six growing snapshots exceed the limit of a job without a control group."""
    runner = Runner({"default": ""})
    alone = dataclasses.replace(runner._capabilities, hierarchy=None)
    monkeypatch.setattr(runner, "_capabilities", alone)
    keys = [f"q{number}" for number in range(6)]
    spec = job(
        FILL,
        *[cell(f"# softmark: check {key}") for key in keys],
        GO_ON,
        questions=tuple(
            question(key, "def check(answer):\n    assert answer == 42\n")
            for key in keys
        ),
        limits=Limits(memory_bytes=512 * MIB),
    )
    result = runner.run(spec)
    runner.close()
    assert runner.level() == "L1"
    assert result.code == "completed"
    assert scores(result) == {key: [1.0] for key in keys}
