"""A real Celery worker: when it refuses to start, how it grades without a broker."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from grading.models import GradingRun
from grading.states import TERMINAL
from tests.factories import GradingRunFactory
from tests.services.portal import LivePortal
from tests.services.processes import wait_until

pytestmark = pytest.mark.services


def ended(run: GradingRun) -> bool:
    return GradingRun.objects.get(pk=run.pk).state in TERMINAL


@pytest.mark.long
def test_run_is_executed_with_no_broker_at_all(live_portal: LivePortal) -> None:
    run = GradingRunFactory.create()
    live_portal.start_worker()
    wait_until(lambda: ended(run), seconds=40, what="the poller finds the run")


@pytest.mark.long
def test_run_is_executed_after_the_broker_was_killed(live_portal: LivePortal) -> None:
    live_portal.start_broker()
    live_portal.start_worker()
    live_portal.broker.forget()
    run = GradingRunFactory.create()
    wait_until(lambda: ended(run), seconds=40, what="the poller finds the run")


@pytest.mark.one_database
def test_worker_stops_cleanly_without_a_broker(live_portal: LivePortal) -> None:
    worker = live_portal.start_worker()
    worker.send(signal.SIGTERM)
    assert worker.process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--pool", "solo"), "runs need the threads pool"),
        (("--prefetch-multiplier", "4"), "leave --prefetch-multiplier at 1"),
    ],
)
def test_worker_with_wrong_options_does_not_start(
    live_portal: LivePortal, options: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(AssertionError, match=reason):
        live_portal.start_worker(options=options)


@pytest.mark.one_database
def test_worker_below_the_wanted_level_does_not_start(
    make_portal: Callable[..., LivePortal],
) -> None:
    with pytest.raises(AssertionError, match="RUNNER_MIN_LEVEL asks for 3"):
        make_portal(RUNNER_MIN_LEVEL="3").start_worker()


@pytest.mark.one_database
@pytest.mark.long
def test_torch_is_never_loaded_into_the_worker(live_portal: LivePortal) -> None:
    run = GradingRunFactory.create()
    worker = live_portal.start_worker()
    wait_until(lambda: ended(run), seconds=40, what="the run ends")
    assert "/torch/" not in Path(f"/proc/{worker.pid}/maps").read_text()
