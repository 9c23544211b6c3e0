"""The sweeper makes every run end after any crash; two sweepers act like one."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import time_machine
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from grading.models import GradingRun
from grading.services import cancel_run, claim_next, heartbeat, sweep, sweeping
from grading.services.leases import end_try
from grading.worker.progress import Progress
from tests.factories import GradingRunFactory, hours
from tests.grading.fakes import claim_of

pytestmark = pytest.mark.django_db

LONG_AGO = hours(-1)


def expired(**values: object) -> GradingRun:
    return GradingRunFactory.create(running=True, lease_expires_at=LONG_AGO, **values)


def test_a_run_whose_worker_is_gone_is_queued_again() -> None:
    run = expired()
    assert sweep().expired == 1
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("queued", 1)
    assert run.events.get().code == "lease_expired"


def test_a_run_with_heartbeats_is_left_alone() -> None:
    run = GradingRunFactory.create(running=True)
    assert sweep().expired == 0
    run.refresh_from_db()
    assert run.state == "running"


def test_the_third_lost_worker_sends_the_run_to_staff() -> None:
    run = expired(platform_tries=2)
    sweep()
    run.refresh_from_db()
    assert (run.state, run.code) == ("needs_staff", "lease_expired")


def test_a_cancelled_run_whose_worker_is_gone_is_cancelled() -> None:
    run = expired()
    cancel_run(actor=SYSTEM, run=run)
    sweep()
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("cancelled", 0)


def test_the_old_worker_cannot_write_after_the_sweep() -> None:
    run = expired()
    sweep()
    claim_next(worker="second", queues=["cpu"])
    assert not heartbeat(claim=claim_of(run), progress=Progress()).held


def test_leases_expire_by_the_databases_clock() -> None:
    GradingRunFactory.create(running=True)
    with time_machine.travel(hours(1000), tick=False):
        assert sweep().expired == 0


def test_a_heartbeat_during_the_sweep_keeps_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = expired()

    def heard_of_first(**kwargs: Any) -> bool:
        heartbeat(claim=claim_of(run), progress=Progress())
        return end_try(**kwargs)

    monkeypatch.setattr(sweeping, "end_try", heard_of_first)
    assert sweep().expired == 0
    assert GradingRun.objects.get().state == "running"


def test_a_forgotten_run_gets_another_wake_up(woken: list[str]) -> None:
    run = GradingRunFactory.create(queued_at=LONG_AGO, woken_at=LONG_AGO)
    assert sweep().woken == 1
    assert woken == [str(run.pk)]


def test_wake_ups_are_repeated_while_nobody_claims_the_run(
    woken: list[str], settings: Settings
) -> None:
    GradingRunFactory.create(queued_at=LONG_AGO)
    sweep()
    settings.WAKE_AGAIN_SECONDS = (
        -1
    )  # as if this time had passed on the database's clock
    sweep()
    assert len(woken) == 2


def test_a_fresh_run_or_wake_up_is_left_alone(
    woken: list[str],
) -> None:
    GradingRunFactory.create()
    GradingRunFactory.create(queued_at=LONG_AGO, woken_at=hours(0))
    assert (sweep().woken, woken) == (0, [])


def test_a_second_sweep_repeats_no_wake_up(woken: list[str]) -> None:
    GradingRunFactory.create(queued_at=LONG_AGO)
    sweep()
    sweep()
    assert len(woken) == 1


def test_a_rush_does_not_fill_the_broker(woken: list[str]) -> None:
    first = GradingRunFactory.create(queued_at=hours(-2))
    for _ in range(sweeping.MOST_WAKE_UPS + 3):
        GradingRunFactory.create(queued_at=LONG_AGO)
    assert sweep().woken == sweeping.MOST_WAKE_UPS
    assert woken[0] == str(first.pk)


def test_the_sweep_works_without_a_broker() -> None:
    GradingRunFactory.create(queued_at=LONG_AGO)
    run = expired()
    assert sweep().woken == 0
    run.refresh_from_db()
    assert run.state == "queued"


def test_an_old_queue_and_an_overdue_run_are_logged() -> None:
    GradingRunFactory.create(queued_at=LONG_AGO)
    GradingRunFactory.create(running=True, started_at=LONG_AGO)
    report = sweep()
    assert report.overdue == 1
    assert report.oldest_queued_seconds > 3000


def test_a_run_s_time_includes_its_questions_seconds() -> None:
    run = GradingRunFactory.create(running=True, started_at=LONG_AGO)
    run.revision.question_seconds = 3600
    run.revision.save()
    assert sweep().overdue == 0


def test_the_number_of_queries_does_not_grow_with_the_queue(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
    woken: list[str],
) -> None:
    for _ in range(5):
        GradingRunFactory.create()
        GradingRunFactory.create(running=True)
    # Two of them are the same for each queue.
    with assert_max_queries(5):
        sweep()
