"""What those who watch the portal are told of the queue, the workers and beat."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from grading.models import WorkerPresence
from grading.services import (
    note_pause,
    note_presence,
    old_queues,
    waiting_runs,
    worker_problems,
)
from tests.factories import GradingRunFactory

pytestmark = pytest.mark.django_db
BEAT = WorkerPresence.Role.BEAT


def note(name: str, *queues: str, age: float = 0) -> WorkerPresence:
    """Record a worker that was seen so many seconds ago, and started just before."""
    note_presence(actor=SYSTEM, name=name, queues=queues or ("cpu",))
    at = timezone.now() - dt.timedelta(seconds=age)
    WorkerPresence.objects.filter(name=name).update(seen_at=at, started_at=at)
    return WorkerPresence.objects.get(name=name)


@pytest.fixture
def beat() -> None:
    note_presence(actor=SYSTEM, name="a:1:beat", role=BEAT)


@pytest.mark.usefixtures("beat")
def test_workers_that_report_are_no_problem() -> None:
    note("a:2", "cpu", "gpu")
    assert worker_problems() == {}


@pytest.mark.usefixtures("beat")
def test_worker_that_no_longer_reports_is_a_problem() -> None:
    note("a:2", age=60)
    note("b:2", age=5)
    WorkerPresence.objects.filter(name="b:2").update(
        started_at=timezone.now() - dt.timedelta(hours=1)
    )
    assert list(worker_problems()) == ["worker:a:2"]
    assert "has died or hangs" in worker_problems()["worker:a:2"]


@pytest.mark.usefixtures("beat")
def test_worker_that_another_has_replaced_is_no_problem() -> None:
    note("a:2", age=60)
    note("a:3", age=5)
    assert worker_problems() == {}


@pytest.mark.usefixtures("beat")
def test_worker_of_other_queues_replaces_nobody() -> None:
    note("a:2", "cpu", "gpu", age=60)
    note("a:3", "cpu", age=5)
    assert list(worker_problems()) == ["worker:a:2"]


@pytest.mark.usefixtures("beat")
def test_queue_without_a_worker_is_a_problem_if_runs_wait() -> None:
    note("a:2", "cpu")
    GradingRunFactory.create(queue="gpu")
    assert list(worker_problems()) == ["unserved:gpu"]


@pytest.mark.usefixtures("beat")
def test_no_worker_at_all_is_a_problem() -> None:
    assert worker_problems() == {"unserved:cpu": "No worker serves the queue cpu."}


@pytest.mark.usefixtures("beat")
def test_paused_worker_is_a_problem() -> None:
    note("a:2")
    note_pause(actor=SYSTEM, name="a:2", faults=3, seconds=60, code="runner_failed")
    assert list(worker_problems()) == ["paused:a:2"]


def test_missing_beat_is_a_problem() -> None:
    note("a:2")
    assert list(worker_problems()) == ["unserved:beat"]


def test_later_record_keeps_the_time_of_the_start() -> None:
    started = note("a:2", age=600).started_at
    note_presence(actor=SYSTEM, name="a:2", queues=["cpu"], numbers={"slots": 2})
    row = WorkerPresence.objects.get()
    assert (row.started_at, row.numbers) == (started, {"slots": 2})
    assert timezone.now() - row.seen_at < dt.timedelta(minutes=1)


def test_queue_is_old_after_ten_minutes() -> None:
    now = timezone.now()
    GradingRunFactory.create(queued_at=now - dt.timedelta(minutes=11))
    GradingRunFactory.create(queued_at=now - dt.timedelta(minutes=1))
    GradingRunFactory.create(queue="gpu", queued_at=now - dt.timedelta(minutes=9))
    GradingRunFactory.create(
        queued_at=now - dt.timedelta(hours=1), not_before=now + dt.timedelta(minutes=1)
    )
    assert [queue for queue, _ in old_queues()] == ["cpu"]
    assert {key: row.count for key, row in waiting_runs().items()} == {
        "cpu": 2,
        "gpu": 1,
    }
    assert waiting_runs()["cpu"].longest > dt.timedelta(minutes=10)


@pytest.mark.usefixtures("beat")
def test_wait_counts_from_the_start_of_the_workers() -> None:
    """After a restore, old runs wait until the workers have taken them."""
    GradingRunFactory.create(queued_at=timezone.now() - dt.timedelta(days=3))
    note("a:2", "cpu", age=5)
    assert list(old_queues()) == []
    WorkerPresence.objects.filter(name="a:2").update(
        started_at=timezone.now() - dt.timedelta(minutes=11)
    )
    assert [queue for queue, _ in old_queues()] == ["cpu"]
