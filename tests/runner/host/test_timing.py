"""A time limit counts what a job did, not how long others kept it waiting."""

import itertools
from types import SimpleNamespace

import pytest

from runner.host import monitor
from runner.host.monitor import Monitor
from runner.host.timing import Moment
from runner.system.clock import JobClock
from tests.runner.notebooks import job

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
        one._account([SimpleNamespace(pid=1, cpu_seconds=0.0, reaped_seconds=0.0)])  # type: ignore[list-item]  # as a process
    assert one.moment().waited == 1.25


def test_a_new_thread_has_not_waited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise many short-lived threads would stop the job's clock."""
    one = Monitor(job(), print, lambda: False, JobClock())
    threads = iter(range(100))
    monkeypatch.setattr(monitor, "waited_seconds", lambda _pid: {next(threads): 9.0})
    for _ in range(5):
        one._account([SimpleNamespace(pid=1, cpu_seconds=0.0, reaped_seconds=0.0)])  # type: ignore[list-item]  # as a process
    assert one.moment().waited == 0
