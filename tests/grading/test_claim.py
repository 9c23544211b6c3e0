"""A claim is a lease with a fencing token; the queue is fair."""

import datetime as dt

import pytest
import time_machine

from grading.models import GradingRun
from grading.services import claim_next, fail_try
from grading.states import State
from tests.factories import GradingRunFactory, hours
from tests.grading.fakes import claim_of, just_before_transition

pytestmark = pytest.mark.django_db


def claimed() -> GradingRun | None:
    claim = claim_next(worker="host:1", queues=["cpu"])
    return GradingRun.objects.get(pk=claim.run_id) if claim else None


def test_a_claimed_run_is_leased_to_its_worker() -> None:
    run = GradingRunFactory.create()
    claim = claim_next(worker="host:1", queues=["cpu"])
    assert claim is not None
    run.refresh_from_db()
    assert (run.state, run.worker, run.lease_token) == ("running", "host:1", 1)
    assert run.started_at is not None
    assert run.lease_expires_at is not None
    lease = run.lease_expires_at - run.started_at
    assert abs(lease - dt.timedelta(seconds=60)) < dt.timedelta(seconds=2)


def test_a_claim_leaves_one_event_with_its_token() -> None:
    GradingRunFactory.create(lease_token=4)
    run = claimed()
    assert run is not None
    event = run.events.get()
    assert (event.source, event.target, event.lease_token) == ("queued", "running", 5)
    assert event.detail == {"worker": "host:1"}


def test_an_empty_queue_gives_no_claim() -> None:
    GradingRunFactory.create(running=True)
    GradingRunFactory.create(finished=True)
    assert claimed() is None


def test_a_worker_takes_from_its_own_queues_only() -> None:
    GradingRunFactory.create(queue="gpu")
    assert claimed() is None


def test_runs_are_claimed_in_the_order_of_the_queue() -> None:
    later = GradingRunFactory.create(queued_at=hours(-1))
    first = GradingRunFactory.create(queued_at=hours(-2))
    assert [claimed(), claimed()] == [first, later]


def test_regrades_wait_behind_live_work() -> None:
    regrade = GradingRunFactory.create(queued_at=hours(-9), priority=-10)
    live = GradingRunFactory.create()
    assert [claimed(), claimed()] == [live, regrade]


def test_after_one_fault_of_ours_a_run_keeps_its_place() -> None:
    GradingRunFactory.create(queued_at=hours(-1))
    unlucky = GradingRunFactory.create(queued_at=hours(-2), platform_tries=1)
    assert claimed() == unlucky


def test_a_run_that_two_workers_lost_waits_behind_its_class() -> None:
    suspect = GradingRunFactory.create(
        running=True, queued_at=hours(-2), platform_tries=1
    )
    fail_try(claim=claim_of(suspect), code="runner_failed")
    sound = GradingRunFactory.create(queued_at=hours(-1))
    regrade = GradingRunFactory.create(queued_at=hours(-3), priority=-10)
    assert [claimed(), claimed(), claimed()] == [sound, suspect, regrade]


def test_a_worker_that_loses_a_race_claims_the_next_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = GradingRunFactory.create(queued_at=hours(-2))
    other = GradingRunFactory.create(queued_at=hours(-1))

    def take() -> None:
        GradingRun.objects.filter(pk=taken.pk).update(
            state=State.RUNNING, lease_token=1, lease_expires_at=hours(1)
        )

    just_before_transition(monkeypatch, take)
    assert claimed() == other


def test_the_lease_uses_the_databases_clock() -> None:
    GradingRunFactory.create(queued_at=hours(-1))
    now = hours(0)
    with time_machine.travel(hours(100), tick=False):
        run = claimed()
    assert run is not None
    assert run.lease_expires_at is not None
    assert run.lease_expires_at - now < dt.timedelta(minutes=5)
