"""The poller never has more jobs in flight than there are slots."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError

from grading.worker import bootsteps
from grading.worker.bootsteps import QueuePoller
from grading.worker.periodic_thread import PeriodicThread
from tests.services.processes import wait_until


class Pool:
    """A pool that runs a job when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], object], Callable[[object], None]]] = []

    def apply_async(
        self, target: Callable[[], object], args: tuple[()], callback: Any
    ) -> None:
        self.waiting.append((target, callback))

    def run_one(self) -> None:
        target, callback = self.waiting.pop(0)
        callback(target())


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Pool:
    monkeypatch.setattr(bootsteps, "reserved_requests", set())
    monkeypatch.setattr(bootsteps, "shared_runner", lambda: None)
    monkeypatch.setattr(bootsteps, "served_queues", lambda: ("cpu",))
    monkeypatch.setattr(bootsteps, "execute_next", lambda **given: False)
    return Pool()


def poller(pool: Pool, slots: int) -> QueuePoller:
    return QueuePoller(SimpleNamespace(pool=pool, concurrency=slots))


def test_polling_stops_at_the_number_of_slots(pool: Pool) -> None:
    steps = poller(pool, slots=2)
    for _ in range(5):
        steps._fill()
    assert len(pool.waiting) == 2


def test_wake_ups_use_slots_too(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootsteps, "reserved_requests", {"a hint"})
    steps = poller(pool, slots=1)
    steps._fill()
    assert pool.waiting == []


def test_a_finished_poll_frees_its_slot(pool: Pool) -> None:
    steps = poller(pool, slots=1)
    steps._fill()
    pool.run_one()
    steps._fill()
    assert len(pool.waiting) == 1


def test_a_failed_poll_frees_its_slot(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**given: Any) -> bool:
        raise RuntimeError

    monkeypatch.setattr(bootsteps, "execute_next", fail)
    steps = poller(pool, slots=1)
    steps._fill()
    pool.run_one()
    assert steps._in_flight == 0


@pytest.mark.parametrize("found", [True, False])
def test_only_a_poll_that_found_a_run_is_repeated_at_once(
    pool: Pool, monkeypatch: pytest.MonkeyPatch, *, found: bool
) -> None:
    monkeypatch.setattr(bootsteps, "execute_next", lambda **given: found)
    steps = poller(pool, slots=1)
    steps._fill()
    pool.run_one()
    assert steps._loop._woken.is_set() is found


@pytest.mark.parametrize("error", [RuntimeError, OperationalError])
def test_the_loop_continues_after_an_error(error: type[Exception]) -> None:
    turns: list[int] = []

    def act() -> None:
        turns.append(1)
        raise error

    loop = PeriodicThread("test", act, seconds=0.01)
    loop.start()
    wait_until(lambda: len(turns) > 2, what="three turns")
    loop.end()
