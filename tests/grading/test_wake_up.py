"""A wake-up only wakes a worker: losing or repeating one does no harm."""

import signal
import time
from typing import Any

import pytest
from celery import current_app

from grading.models import GradingRun
from grading.tasks import execute_run
from grading.wake_up import TASK, send_wake_up
from tests.factories import GradingRunFactory
from tests.services.broker import Broker

pytestmark = pytest.mark.django_db


@pytest.fixture
def our_broker(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Broker:
    """Give a real broker, to which this process sends its wake-ups."""
    monkeypatch.setenv("CELERY_BROKER_WRITE_URL", broker.url)
    return broker


def waiting_hints() -> int:
    with current_app.connection_for_write() as connection:
        channel: Any = connection.default_channel
        return int(channel.client.llen("cpu"))


def seconds_to_wake_up(run: GradingRun) -> float:
    began = time.monotonic()
    send_wake_up(run.pk)
    return time.monotonic() - began


def test_the_wake_up_names_an_existing_task() -> None:
    assert execute_run.name == TASK
    assert TASK in current_app.tasks


@pytest.mark.services
def test_a_wake_up_reaches_the_broker_and_is_recorded(our_broker: Broker) -> None:
    run = GradingRunFactory.create()
    send_wake_up(run.pk)
    run.refresh_from_db()
    assert run.woken_at is not None
    assert waiting_hints() == 1


def test_a_run_that_is_not_queued_gets_no_wake_up() -> None:
    run = GradingRunFactory.create(finished=True)
    send_wake_up(run.pk)
    run.refresh_from_db()
    assert run.woken_at is None


def test_without_a_broker_the_wake_up_is_dropped_at_once() -> None:
    run = GradingRunFactory.create()
    assert seconds_to_wake_up(run) < 1
    run.refresh_from_db()
    assert (run.state, run.woken_at) == ("queued", None)


@pytest.mark.services
def test_a_broker_that_hangs_delays_nobody_for_long(our_broker: Broker) -> None:
    assert our_broker.service is not None
    run = GradingRunFactory.create()
    our_broker.service.send(signal.SIGSTOP)
    try:
        assert seconds_to_wake_up(run) < 5
    finally:
        our_broker.service.send(signal.SIGCONT)
    assert GradingRun.objects.get().state == "queued"
