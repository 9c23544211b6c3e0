"""A page gives the true place in the queue, and the likely wait."""

import pytest
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from grading.models import GradingRun
from grading.services import claim_next, enqueue_run, place_in_queue
from tests.factories import (
    GradingRunFactory,
    SubmissionFactory,
    TrialFactory,
    hours,
)

pytestmark = pytest.mark.django_db


def test_the_place_is_the_order_in_which_runs_are_taken() -> None:
    for number in range(2):
        for priority in (0, -10):
            for tries in (0, 2):
                GradingRunFactory.create(
                    priority=priority,
                    platform_tries=tries,
                    queued_at=hours(-1 - number),
                )
    place = {run.pk: place_in_queue(run).position for run in GradingRun.objects.all()}
    taken = []
    while claim := claim_next(worker="w", queues=["cpu"]):
        taken.append(place[claim.run_id])
    assert taken == list(range(1, 9))


def test_places_are_right_by_the_databases_own_clock() -> None:
    runs = [
        enqueue_run(actor=SYSTEM, submission=SubmissionFactory.create())
        for _ in range(3)
    ]
    # As close together as two submissions in one rush.
    GradingRun.objects.update(queued_at=GradingRun.objects.values("queued_at")[:1])
    fresh = [GradingRun.objects.get(pk=run.pk) for run in runs]
    assert sorted(place_in_queue(run).position for run in fresh) == [1, 2, 3]


def test_other_queues_do_not_count() -> None:
    GradingRunFactory.create(queue="gpu", queued_at=hours(-1))
    assert place_in_queue(GradingRunFactory.create()).position == 1


def test_a_run_that_is_not_queued_has_no_place() -> None:
    assert place_in_queue(GradingRunFactory.create(running=True)).position == 0


def test_before_the_first_finished_run_the_wait_is_unknown() -> None:
    assert place_in_queue(GradingRunFactory.create()).expected_wait_seconds is None


def test_the_wait_follows_recent_runs_and_slots(settings: Settings) -> None:
    settings.WORKER_SLOTS = 2
    first = SubmissionFactory.create()
    for seconds in (10, 30, 500):
        GradingRunFactory.create(
            submission__assignment=first.assignment,
            finished=True,
            measures={"seconds": seconds},
        )
    GradingRunFactory.create(running=True)
    waits = [
        place_in_queue(
            GradingRunFactory.create(submission__assignment=first.assignment)
        ).expected_wait_seconds
        for _ in range(3)
    ]
    assert waits == [pytest.approx(wait, abs=0.5) for wait in (0, 15, 30)]


def test_the_wait_does_not_reveal_how_long_checks_took() -> None:
    GradingRunFactory.create(running=True)
    waiting = GradingRunFactory.create()
    GradingRunFactory.create(
        submission__assignment=waiting.work.assignment,
        finished=True,
        started_at=hours(-1),
        measures={"seconds": 10, "checking_seconds": 500},
    )
    TrialFactory.create(
        revision=waiting.revision, finished=True, measures={"checking_seconds": 5}
    )
    assert place_in_queue(waiting).expected_wait_seconds == 15
