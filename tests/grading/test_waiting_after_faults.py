"""After a fault of ours a run waits, elsewhere if it can, before it is tried again."""

import datetime as dt

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from grading.models import GradingRun, WorkerPresence
from grading.retry_times import growing_pause
from grading.services import (
    Claim,
    claim_next,
    fail_try,
    forget_worker,
    note_pause,
    note_presence,
    place_in_queue,
    put_run_back,
    release_run,
    sweep,
)
from tests.factories import GradingRunFactory, hours
from tests.grading.fakes import claim_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def slow_retries(settings: Settings) -> None:
    settings.RETRY_SECONDS = 10


def claimed(worker: str = "host:1:thread") -> Claim | None:
    return claim_next(worker=worker, queues=["cpu"])


def failed(worker: str = "host:1:thread", **values: object) -> GradingRun:
    """Return a run whose try has failed on this worker."""
    run = GradingRunFactory.create(running=True, worker=worker, **values)
    assert fail_try(claim=claim_of(run), code="runner_failed")
    run.refresh_from_db()
    return run


def its_time_has_come(run: GradingRun, seconds: float = 1) -> None:
    GradingRun.objects.filter(pk=run.pk).update(
        not_before=timezone.now() - dt.timedelta(seconds=seconds)
    )


def test_a_run_that_failed_waits_by_the_databases_clock() -> None:
    run = failed()
    assert run.not_before is not None
    wait = (run.not_before - timezone.now()).total_seconds()
    assert 3 < wait < 16
    assert claimed() is None
    its_time_has_come(run)
    assert claimed() is not None
    run.refresh_from_db()
    assert run.not_before is None


def test_the_waits_grow_up_to_the_longest() -> None:
    assert [5 <= growing_pause(1) < 15 for _ in range(20)] == [True] * 20
    assert [20 <= growing_pause(3) < 60 for _ in range(20)] == [True] * 20
    assert all(150 <= growing_pause(times) < 450 for times in (10, 5000))
    assert len({growing_pause(1) for _ in range(20)}) > 1


def test_a_waiting_run_stands_in_nobodys_way(woken: list[str]) -> None:
    run = failed(queued_at=hours(-1))
    later = GradingRunFactory.create()
    assert place_in_queue(later).position == 1
    sweep()
    assert str(run.pk) not in woken
    claim = claimed()
    assert claim is not None
    assert claim.run_id == later.pk


def test_a_waiting_run_says_when_it_is_tried_again() -> None:
    run = failed()
    assert run.not_before is not None
    place = place_in_queue(run)
    assert place.tries_again_at is not None
    # SECURITY: only to the minute, as the other times of a run.
    assert (place.tries_again_at.second, place.tries_again_at.microsecond) == (0, 0)
    assert dt.timedelta(0) <= place.tries_again_at - run.not_before
    assert place.tries_again_at - run.not_before < dt.timedelta(minutes=1)
    its_time_has_come(run)
    run.refresh_from_db()
    assert place_in_queue(run).tries_again_at is None


def test_the_expected_wait_is_at_least_the_pause() -> None:
    run = failed()
    GradingRunFactory.create(
        submission__assignment=run.work.assignment,
        finished=True,
        measures={"seconds": 1},
    )
    wait = place_in_queue(run).expected_wait_seconds
    assert wait is not None
    assert wait > 3


def test_what_every_run_needs_and_is_away_uses_no_try() -> None:
    run = GradingRunFactory.create()
    for _ in range(10):
        claim = claimed()
        assert claim is not None
        assert put_run_back(claim=claim, code="store_away")
        its_time_has_come(run)
    run.refresh_from_db()
    assert (run.state, run.platform_tries, run.put_back_count) == ("queued", 0, 10)
    assert run.failed_hosts == "|host|"


def test_a_run_is_left_to_another_host_for_a_while() -> None:
    run = failed()
    its_time_has_come(run)
    note_presence(actor=SYSTEM, name="other:1", queues=["cpu"])
    assert claimed() is None
    claim = claimed("other:1:thread")
    assert claim is not None
    assert claim.run_id == run.pk


def test_a_run_that_is_left_to_others_does_not_hold_up_the_queue() -> None:
    run = failed(queued_at=hours(-1))
    its_time_has_come(run)
    note_presence(actor=SYSTEM, name="other:1", queues=["cpu"])
    later = GradingRunFactory.create()
    claim = claimed()
    assert claim is not None
    assert claim.run_id == later.pk


def test_a_run_that_nobody_else_takes_is_tried_here_again() -> None:
    run = failed()
    its_time_has_come(run, seconds=70)
    note_presence(actor=SYSTEM, name="other:1", queues=["cpu"])
    assert claimed() is not None


@pytest.mark.parametrize("why", ["gone", "paused", "same host", "other queue", "none"])
def test_without_another_host_nothing_changes(why: str) -> None:
    run = failed()
    its_time_has_come(run)
    name = "host:2" if why == "same host" else "other:1"
    queues = ["gpu"] if why == "other queue" else ["cpu"]
    if why != "none":
        note_presence(actor=SYSTEM, name=name, queues=queues)
    if why == "gone":
        WorkerPresence.objects.update(seen_at=hours(-1))
    if why == "paused":
        note_pause(actor=SYSTEM, name=name, faults=3, seconds=60, code="store_away")
    assert claimed() is not None


def test_the_page_says_when_no_worker_takes_runs() -> None:
    run = GradingRunFactory.create()
    assert not place_in_queue(run).is_paused
    for name in ("host:1", "other:1"):
        note_presence(actor=SYSTEM, name=name, queues=["cpu"])
    note_pause(actor=SYSTEM, name="host:1", faults=3, seconds=60, code="x")
    assert not place_in_queue(run).is_paused
    note_pause(actor=SYSTEM, name="other:1", faults=3, seconds=60, code="x")
    place = place_in_queue(run)
    assert (place.is_paused, place.expected_wait_seconds) == (True, None)
    note_pause(actor=SYSTEM, name="other:1", faults=0, seconds=0, code="")
    assert not place_in_queue(run).is_paused


def test_a_run_that_a_stopping_worker_gave_back_is_left_to_nobody() -> None:
    run = failed()
    its_time_has_come(run, seconds=70)
    note_presence(actor=SYSTEM, name="other:1", queues=["cpu"])
    claim = claimed()
    assert claim is not None
    assert release_run(claim=claim)
    assert claimed() is not None


def test_a_new_process_of_the_same_name_does_not_inherit_a_pause() -> None:
    note_presence(actor=SYSTEM, name="host:1", queues=["cpu"])
    note_pause(actor=SYSTEM, name="host:1", faults=3, seconds=600, code="runner_failed")
    forget_worker(actor=SYSTEM, name="host:1")
    note_presence(actor=SYSTEM, name="host:1", queues=["cpu"])
    assert WorkerPresence.objects.get().paused_until is None
