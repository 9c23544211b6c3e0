"""Memory of many processes is measured in bounded steps and still held to its limit."""

import dataclasses
from collections.abc import Callable, Sequence
from types import SimpleNamespace

import pytest

from runner.host import memory_shares, monitor
from runner.host.memory_shares import MemoryShares
from runner.host.runner import Runner
from runner.protocol.jobs import Limits
from runner.system.processes import ProcessInfo
from tests.runner.notebooks import cell, job, question

MIB = 1024**2
LIMIT = 500 * MIB


def process(pid: int, mebibytes: int = 10) -> ProcessInfo:
    return ProcessInfo(
        pid=pid,
        state="S",
        parent=1,
        started=pid,
        threads=1,
        cpu_seconds=0.0,
        resident_bytes=mebibytes * MIB,
        is_ending=False,
        reaped_seconds=0.0,
    )


class Kernel:
    """A kernel that tells each process's share, and takes time for each answer."""

    def __init__(self, seconds: float, share: Callable[[int], int]) -> None:
        self.now = 0.0
        # The share of the time in which the host has a processor.
        self.busy = 1.0
        self.asked: list[int] = []
        self.seconds, self.share = seconds, share

    def proportional_memory(self, pids: Sequence[int]) -> int:
        self.now += self.seconds
        self.asked += pids
        return self.share(pids[0])


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Kernel]:
    def make(seconds: float, share: Callable[[int], int] = lambda _pid: 0) -> Kernel:
        made = Kernel(seconds, share)
        clock = SimpleNamespace(
            monotonic=lambda: made.now, thread_time=lambda: made.now * made.busy
        )
        monkeypatch.setattr(memory_shares, "time", clock)
        monkeypatch.setattr(
            memory_shares, "proportional_memory", made.proportional_memory
        )
        return made

    return make


MANY = [process(pid) for pid in range(1, 101)]


def test_one_look_passes_its_time_by_at_most_one_process(
    kernel: Callable[..., Kernel],
) -> None:
    slow = kernel(0.1)
    shares = MemoryShares(at_a_time=32)
    for look in range(1, 10):
        shares.measure(MANY, LIMIT)
        assert len(slow.asked) == look


def test_all_are_measured_in_turn(kernel: Callable[..., Kernel]) -> None:
    quick = kernel(0.02, lambda _pid: 4 * MIB)
    shares = MemoryShares(at_a_time=32)
    while set(quick.asked) != {one.pid for one in MANY}:
        assert shares.measure(MANY, LIMIT) <= LIMIT
    assert len(quick.asked) <= len(MANY) + 2


def test_nothing_is_measured_while_the_upper_bound_fits(
    kernel: Callable[..., Kernel],
) -> None:
    quick = kernel(0.0)
    assert MemoryShares(at_a_time=4).measure(MANY, 1000 * MIB) == 1000 * MIB
    assert quick.asked == []


def test_the_limit_is_passed_only_after_measuring_each_process_again(
    kernel: Callable[..., Kernel],
) -> None:
    held = dict.fromkeys(range(1, 101), 1 * MIB)
    kernel(0.001, lambda pid: held[pid])
    shares = MemoryShares(at_a_time=50)
    assert shares.measure(MANY, LIMIT) <= LIMIT
    assert shares.measure(MANY, LIMIT) <= LIMIT
    held = dict.fromkeys(held, 20 * MIB)
    found = [shares.measure(MANY, LIMIT) > LIMIT for _ in range(3)]
    assert found == [False, True, True]


def test_memory_added_after_a_measurement_counts_in_full(
    kernel: Callable[..., Kernel],
) -> None:
    kernel(0.0)
    shares = MemoryShares(at_a_time=100)
    assert shares.measure(MANY, LIMIT) == 0
    grown = [process(1, 610), *MANY[1:]]
    shares._at_a_time = 0
    assert sum(map(shares.held, grown)) == 600 * MIB


def test_processes_that_take_too_long_to_measure_count_in_full(
    kernel: Callable[..., Kernel],
) -> None:
    """Otherwise a job could get more memory by making it slow to measure."""
    slow = kernel(0.1)
    shares = MemoryShares(at_a_time=32)
    while shares.measure(MANY, LIMIT) <= LIMIT:
        assert len(slow.asked) <= 21


def test_time_without_a_processor_is_not_counted_as_measuring(
    kernel: Callable[..., Kernel],
) -> None:
    waiting = kernel(0.1, lambda _pid: 4 * MIB)
    waiting.busy = 0.0
    shares = MemoryShares(at_a_time=32)
    for _ in MANY:
        assert shares.measure(MANY, LIMIT) <= LIMIT
    assert sorted(waiting.asked) == [one.pid for one in MANY]


def test_short_lived_processes_do_not_escape_the_limit(
    kernel: Callable[..., Kernel],
) -> None:
    slow = kernel(0.1)
    shares = MemoryShares(at_a_time=32)
    pids = iter(range(1, 10**6))
    while shares.measure([process(next(pids)) for _ in range(100)], LIMIT) <= LIMIT:
        assert len(slow.asked) <= 21


def test_memory_shared_by_a_fork_is_shown_once(kernel: Callable[..., Kernel]) -> None:
    kernel(0.005, lambda _pid: 130 * MIB)
    shares = MemoryShares(at_a_time=32)
    both = [process(1, 260), process(2, 260)]
    assert shares.estimate(both) == 260 * MIB
    assert shares.estimate([process(1, 300), both[1]]) == 300 * MIB


def test_memory_not_measured_yet_is_not_shown(kernel: Callable[..., Kernel]) -> None:
    kernel(0.1, lambda _pid: 200 * MIB)
    shares = MemoryShares(at_a_time=32)
    assert shares.estimate([process(pid, 260) for pid in range(9)]) == 260 * MIB


def test_the_displayed_figure_takes_a_twentieth_of_the_time(
    kernel: Callable[..., Kernel],
) -> None:
    slow = kernel(0.06)
    shares = MemoryShares(at_a_time=32)
    for _ in range(600):
        shares.estimate(MANY)
        slow.now += 0.1
    assert 20 < len(slow.asked) < 60


PAGE_TABLES = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
size = 1500 << 30
start = libc.mmap(None, size, 1, 0x4022, -1, 0)
for at in range(start, start + size, 2 << 20):
    ctypes.c_char.from_address(at).value
"""


@pytest.mark.long
@pytest.mark.torch
def test_page_tables_count_without_a_control_group_too() -> None:
    """Pages that are only read share one page of memory, but each has its own entry."""
    runner = Runner({"default": ""})
    runner._capabilities = dataclasses.replace(runner._capabilities, hierarchy=None)
    result = runner.run(job(PAGE_TABLES, limits=Limits(memory_bytes=512 * MIB)))
    runner.close()
    assert (result.measures.level, result.code) == ("L1", "memory")


@pytest.mark.torch
def test_a_snapshot_that_still_moves_does_not_count_as_the_notebook_s_memory(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often memory is measured while snapshots are made."""
    monkeypatch.setattr(monitor, "_MEASURE_SECONDS", 0.0)
    keys = [f"q{n}" for n in range(8)]
    asked = [question(key, "def check(x): assert x == 1\n") for key in keys]
    cells = [cell(f"# softmark: check {key}") for key in keys]
    result = runner.run(job("x = 1", *cells, questions=asked))
    assert 100 * MIB < result.measures.peak_memory_bytes < 400 * MIB
