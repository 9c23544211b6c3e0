"""With a broker that is down, killed, emptied or repeats itself, all work is graded."""

import time
from typing import Any

import pytest
from celery import Celery

from accounts.actors import SYSTEM
from grading.models import GradingRun
from grading.services import enqueue_run
from grading.states import State
from grading.wake_up import TASK
from tests.busy_machine import BUSY_SECONDS
from tests.factories import GradingRunFactory
from tests.faults.conftest import handed_in, queued, steps, wait_for
from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = pytest.mark.long


def test_work_handed_in_while_the_broker_is_down_is_graded(portal: LivePortal) -> None:
    portal.start_worker()
    submission = handed_in()
    began = time.monotonic()
    run = enqueue_run(actor=SYSTEM, submission=submission)
    # It does not wait until the broker is back.
    assert time.monotonic() - began < 2 + BUSY_SECONDS
    wait_for(run, State.FINISHED)


def test_nothing_is_lost_with_a_broker_that_is_killed_and_emptied(
    portal: LivePortal,
) -> None:
    portal.start_broker()
    worker = portal.start_worker(POLL_SECONDS="1")
    runs = [queued(seconds=0.3) for _ in range(6)]
    send_wake_ups(portal, runs)
    wait_for(runs[0], State.FINISHED)
    portal.broker.forget()
    wait_for(runs[-1], State.FINISHED, seconds=60)
    assert states(runs) == ["finished"] * 6
    portal.broker.start()
    assert worker.alive
    wait_for(queued(), State.FINISHED)


def test_wake_ups_may_be_repeated_late_or_for_ended_runs(
    portal: LivePortal,
) -> None:
    portal.start_broker()
    done = GradingRunFactory.create(finished=True)
    runs = [queued(seconds=0.2) for _ in range(2)]
    send_wake_ups(portal, [done, *runs] * 10)
    worker = portal.start_worker(WORKER_SLOTS="2")
    wait_for(runs[0], State.FINISHED)
    wait_for(runs[1], State.FINISHED)
    wait_until(lambda: left_in_broker(portal) == 0, what="the wake-ups are used up")
    for run in runs:
        assert [target for target, _ in steps(run)] == ["running", "finished"]
    assert steps(done) == []
    assert worker.alive


def states(runs: list[GradingRun]) -> list[str]:
    found = GradingRun.objects.in_bulk([run.pk for run in runs])
    return [found[run.pk].state for run in runs]


def send_wake_ups(portal: LivePortal, runs: list[GradingRun]) -> None:
    """Send a wake-up for each run through the portal's own broker."""
    with Celery(broker=portal.broker.url) as app:
        for run in runs:
            app.send_task(TASK, args=[{"v": 1, "run": str(run.pk)}], queue="cpu")


def left_in_broker(portal: LivePortal) -> int:
    """Return how many wake-ups nobody has taken yet."""
    with Celery(broker=portal.broker.url) as app, app.connection() as connection:
        channel: Any = connection.default_channel
        return int(channel.client.llen("cpu"))
