"""A worker that fails one run after the other pauses, and then tries one."""

import pytest
from pytest_django.fixtures import Settings

from grading.worker import breaker as module
from grading.worker.breaker import ClaimBreaker, Pause


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Clock:
    settings.RETRY_SECONDS = 10
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def notes() -> list[Pause]:
    return []


@pytest.fixture
def breaker(clock: Clock, notes: list[Pause]) -> ClaimBreaker:
    return ClaimBreaker(notes.append)


def may_claim(breaker: ClaimBreaker) -> bool:
    with breaker.attempt() as may:
        return may


def paused(breaker: ClaimBreaker) -> ClaimBreaker:
    for number in range(3):
        breaker.failed(number, "runner_failed")
    return breaker


def test_different_runs_that_fail_in_a_row_begin_a_pause(
    breaker: ClaimBreaker, notes: list[Pause]
) -> None:
    breaker.failed(1, "x")
    breaker.failed(2, "x")
    assert may_claim(breaker)
    breaker.failed(3, "store_away")
    assert not may_claim(breaker)
    (note,) = notes
    assert (note.faults, note.code) == (3, "store_away")
    assert 5 <= note.seconds < 15


def test_one_run_that_fails_often_begins_no_pause(breaker: ClaimBreaker) -> None:
    for _ in range(9):
        breaker.failed("the same", "x")
    assert may_claim(breaker)


def test_a_run_that_ends_between_them_begins_the_row_anew(
    breaker: ClaimBreaker,
) -> None:
    for number in range(9):
        breaker.failed(number, "x")
        if number % 2:
            breaker.succeeded()
    assert may_claim(breaker)


def test_after_the_pause_one_run_is_tried_at_a_time(
    breaker: ClaimBreaker, clock: Clock
) -> None:
    paused(breaker)
    clock.now += 15
    with breaker.attempt() as first:
        assert first
        assert not may_claim(breaker)
    # It found no run, so the next one may look.
    assert may_claim(breaker)


def test_pauses_grow_until_a_run_ends(
    breaker: ClaimBreaker, clock: Clock, notes: list[Pause]
) -> None:
    paused(breaker)
    for number in range(4):
        clock.now += 500
        with breaker.attempt() as may:
            assert may
            breaker.failed(f"trial {number}", "x")
        assert not may_claim(breaker)
    seconds = [note.seconds for note in notes]
    assert seconds[0] < 15
    assert seconds[-1] > 80
    clock.now += 500
    with breaker.attempt():
        breaker.succeeded()
    assert may_claim(breaker)
    assert notes[-1] == Pause(faults=0, seconds=0)


def test_runs_that_were_under_way_do_not_make_the_pause_longer(
    breaker: ClaimBreaker, notes: list[Pause]
) -> None:
    paused(breaker)
    breaker.failed("late", "x")
    assert len(notes) == 1
