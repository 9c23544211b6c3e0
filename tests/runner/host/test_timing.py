"""A time limit counts what a job did, not how long others kept it waiting."""

import itertools
from types import SimpleNamespace
from typing import Any

import pytest

from runner.host import monitor
from runner.host.monitor import Monitor
from runner.host.processor_time import ProcessorTime
from runner.host.timing import Moment
from runner.system.clock import JobClock
from runner.system.processes import ProcessInfo
from tests.runner.notebooks import job


def process(pid: int = 1, own: float = 0.0, reaped: float = 0.0) -> ProcessInfo:
    return ProcessInfo(
        pid=pid,
        state="R",
        parent=1,
        started=7,
        threads=1,
        cpu_seconds=own,
        resident_bytes=0,
        is_ending=False,
        reaped_seconds=reaped,
    )


START = Moment(clock=100, cpu=5, waited=2)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("it sleeps", Moment(clock=110, cpu=5, waited=2)),
        ("it computes", Moment(clock=110, cpu=15, waited=2)),
        ("it waited, and has computed now", Moment(clock=150, cpu=15, waited=42)),
        ("two processors computed", Moment(clock=112, cpu=15, waited=9)),
        ("it was kept waiting for too long", Moment(clock=231, cpu=6, waited=131)),
    ],
)
def test_time_limit_has_passed(name: str, moment: Moment) -> None:
    assert moment.is_past(START, 10), name


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("less has passed", Moment(clock=109, cpu=14, waited=2)),
        ("many processors computed", Moment(clock=109, cpu=40, waited=2)),
        ("it waited for a processor", Moment(clock=150, cpu=14, waited=44)),
    ],
)
def test_time_limit_has_not_passed(name: str, moment: Moment) -> None:
    assert not moment.is_past(START, 10), name


def test_the_waiting_time_of_any_thread_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first thread sleeps while another computes, or waits for a processor."""
    now = itertools.count(0.0)
    clock = SimpleNamespace(now=lambda: next(now), aside=lambda call: call)
    one = Monitor(job(), print, lambda: False, clock)  # type: ignore[arg-type]  # a clock
    looks = iter([{1: 0.0, 2: 0.0}, {1: 0.0, 2: 0.75}, {1: 0.25, 2: 1.25}])
    monkeypatch.setattr(monitor, "waited_seconds", lambda _pid: next(looks))
    for _ in range(3):
        one._account([process()])
    assert one.moment().waited == 1.25


def test_a_new_thread_has_not_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise many short-lived threads would stop the job's clock."""
    one = Monitor(job(), print, lambda: False, JobClock())
    threads = iter(range(100))
    monkeypatch.setattr(monitor, "waited_seconds", lambda _pid: {next(threads): 9.0})
    for _ in range(5):
        one._account([process()])
    assert one.moment().waited == 0


def test_a_wait_for_the_job_s_own_processes_is_no_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first thread waits while other processes of the job have the processors."""
    now = itertools.count(0.0)
    clock = SimpleNamespace(now=lambda: next(now), aside=lambda call: call)
    one = Monitor(job(), print, lambda: False, clock)  # type: ignore[arg-type]  # a clock
    looks = itertools.count(0.0)
    monkeypatch.setattr(
        monitor, "waited_seconds", lambda pid: {1: next(looks)} if pid == 1 else {}
    )
    for used in (0.0, 0.25, 2.25):
        one._account([process(), process(2, used)])
    assert one.moment().waited == 0.75


class TestProcessorTime:
    first = process(9)

    def test_of_a_process_that_vanished_is_not_forgotten(self) -> None:
        one = ProcessorTime()
        for pid in range(20, 30):
            one.look([process(1), process(pid, 0.5)], self.first, None)
        assert one.seconds == 5

    def test_that_a_parent_has_counted_is_not_counted_twice(self) -> None:
        one = ProcessorTime()
        one.look([process(1), process(2, 0.5)], self.first, None)
        one.look([process(1, 0, 0.75)], self.first, None)  # with its last quarter
        one.look([], process(9, 3, 1.75), None)  # a second of its own, seen by nobody
        assert one.seconds == 1.75

    def test_of_a_process_between_two_looks_is_its_parent_s(self) -> None:
        one = ProcessorTime()
        one.look([process(1, 1)], self.first, None)
        one.look([process(1, 1, 0.25)], self.first, None)
        assert one.seconds == 1.25

    def test_of_a_snapshot_that_waits_again_counts_once(self) -> None:
        one = ProcessorTime()
        one.look([process(2, 0.5)], self.first, None)
        one.look([], self.first, None, waiting=[2])
        one.look([process(2, 0.75)], self.first, None)
        assert one.seconds == 0.75

    def test_is_the_group_s_without_the_first_process(self) -> None:
        one = ProcessorTime()
        figures = iter([2.0, 5.0, 5.0])
        group: Any = SimpleNamespace(cpu_seconds=lambda: next(figures))
        grown = [
            one.look([process(1, 100)], process(9, own), group)
            for own in (0.5, 1.0, 2.0)
        ]
        assert grown == [1.5, 2.5, 0.0]
        assert one.seconds == 4
