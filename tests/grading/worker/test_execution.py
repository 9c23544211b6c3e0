"""A worker executes the runs that it claims, and no fault on the way loses a run."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from courses.models import RevisionFile
from grading.models import GradingRun
from grading.services import HeartbeatAnswer, cancel_run, finish_run, heartbeat
from grading.tasks import execute_run
from grading.worker import execution
from grading.worker.execution import execute_next
from runner.protocol.jobs import CellStarted, Usage, Verdict
from storage.blobs import BlobStoreFullError
from tests.factories import GradingRunFactory, SelfCheckRunFactory
from tests.grading.fakes import FakeRunner, job_result

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def beat_at_every_event(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HEARTBEAT_SECONDS = 0
    monkeypatch.setattr(execution, "_FIRST_PAUSE", 0.001)


@pytest.fixture
def run() -> GradingRun:
    return GradingRunFactory.create()


def execute(runner: FakeRunner) -> GradingRun:
    assert execute_next(worker="w", queues=["cpu"], runner=runner)
    return GradingRun.objects.get()


def away(times: int, then: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with a database that is away at first."""
    left = [OperationalError("server closed the connection")] * times

    def call(*args: Any, **kwargs: Any) -> Any:
        if left:
            raise left.pop()
        return then(*args, **kwargs)

    return call


def test_an_empty_queue_executes_nothing() -> None:
    runner = FakeRunner()
    assert not execute_next(worker="w", queues=["cpu"], runner=runner)
    assert runner.jobs == []


def test_a_queued_run_is_executed_to_its_end(run: GradingRun) -> None:
    runner = FakeRunner()
    assert execute(runner).state == "finished"
    assert [job.job_id for job in runner.jobs] == [f"{run.pk}-1"]


def test_progress_is_stored_while_the_job_runs(run: GradingRun) -> None:
    seen: list[dict[str, Any]] = []

    def look() -> None:
        seen.append(GradingRun.objects.get().progress)

    execute(FakeRunner(events=(CellStarted(cell=1, cells=3),), after=look))
    assert (seen[0]["cell"], seen[0]["cells"]) == (1, 3)


def test_progress_is_not_written_more_often_than_once_a_second(
    run: GradingRun, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HEARTBEAT_SECONDS = 15
    replaces: list[object] = []

    def counted(**kwargs: Any) -> HeartbeatAnswer:
        replaces.append(kwargs)
        return heartbeat(**kwargs)

    monkeypatch.setattr(execution, "heartbeat", counted)
    execute(FakeRunner(events=(CellStarted(cell=1, cells=3),) * 50))
    assert len(replaces) <= 1


def test_a_cancelled_run_is_stopped(run: GradingRun) -> None:
    runner = FakeRunner(
        during=lambda: cancel_run(actor=SYSTEM, run=run),
        events=(Usage(seconds=1, memory_bytes=1),),
    )
    assert execute(runner).state == "cancelled"


def test_a_worker_that_lost_its_run_stops_and_writes_nothing(run: GradingRun) -> None:
    def take_over() -> None:
        GradingRun.objects.update(lease_token=9, worker="second")

    runner = FakeRunner(during=take_over, events=(Usage(seconds=1, memory_bytes=1),))
    after = execute(runner)
    assert (after.state, after.worker, after.lease_token) == ("running", "second", 9)
    assert [event.target for event in after.events.all()] == ["running"]


def test_a_stopping_worker_gives_its_run_back(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution._stopping, "is_set", lambda: True)
    after = execute(FakeRunner())
    assert (after.state, after.platform_tries) == ("queued", 0)


def test_an_exception_of_the_runner_uses_a_try(run: GradingRun) -> None:
    after = execute(FakeRunner(error=RuntimeError("broken")))
    assert (after.state, after.platform_tries) == ("queued", 1)


def test_a_fault_of_ours_uses_a_try(run: GradingRun) -> None:
    after = execute(FakeRunner(result=job_result(Verdict.PLATFORM, "runner_failed")))
    assert (after.state, after.platform_tries) == ("queued", 1)


def test_damaged_content_goes_to_staff_and_gives_no_mark(run: GradingRun) -> None:
    run.work.files.update(sha256="0" * 64)
    for _ in range(3):
        after = execute(FakeRunner())
    assert (after.state, after.code) == ("needs_staff", "file_missing")
    assert not after.work.assignment.marks.exists()


def test_a_revision_without_tests_goes_to_staff(run: GradingRun) -> None:
    RevisionFile.objects.all().delete()
    for _ in range(3):
        after = execute(FakeRunner())
    assert (after.state, after.code) == ("needs_staff", "job_unbuildable")


def test_a_result_waits_for_a_database_that_is_away(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "finish_run", away(3, finish_run))
    assert execute(FakeRunner()).state == "finished"


def test_a_missed_heartbeat_does_not_stop_the_job(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "heartbeat", away(1, heartbeat))
    after = execute(FakeRunner(events=(Usage(seconds=1, memory_bytes=1),) * 2))
    assert after.state == "finished"


def test_a_result_written_before_the_connection_broke_is_not_written_twice(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[bool] = []

    def answer_lost(**kwargs: Any) -> bool:
        answers.append(finish_run(**kwargs))
        if len(answers) == 1:
            raise OperationalError("connection lost during COMMIT")
        return answers[-1]

    monkeypatch.setattr(execution, "finish_run", answer_lost)
    after = execute(FakeRunner())
    assert answers == [True, True]
    assert (after.state, after.results.count()) == ("finished", 1)


def test_a_result_that_cannot_be_stored_uses_a_try(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(**kwargs: Any) -> bool:
        raise ValueError("a result that no row can hold")

    monkeypatch.setattr(execution, "finish_run", broken)
    after = execute(FakeRunner())
    assert (after.state, after.platform_tries) == ("queued", 1)
    assert after.events.latest("pk").code == "result_not_stored"


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), BlobStoreFullError()]
)
def test_a_result_for_which_the_store_has_no_room_uses_no_try(
    run: GradingRun,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    error: Exception,
) -> None:
    def disk_full(**kwargs: Any) -> bool:
        raise error

    settings.LEASE_SECONDS = 2  # so long the worker waits for room
    monkeypatch.setattr(execution, "finish_run", disk_full)
    after = execute(FakeRunner())
    assert (after.state, after.platform_tries) == ("queued", 0)
    assert after.events.latest("pk").code == "store_away"


def test_waiting_for_the_database_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "PATIENCE_SECONDS", 0)
    with pytest.raises(OperationalError):
        execution.retry_while_database_is_away(away(1, lambda: None))


@pytest.mark.parametrize("message", [{"v": 1, "run": "x"}, {"v": 99}, {}])
def test_any_wake_up_means_only_that_something_is_queued(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch, message: dict[str, Any]
) -> None:
    runner = FakeRunner()
    monkeypatch.setattr("grading.tasks.shared_runner", lambda: runner)
    monkeypatch.setattr("grading.tasks.served_queues", lambda: ("cpu",))
    for _ in range(10):
        execute_run(message)
    assert len(runner.jobs) == 1
    assert GradingRun.objects.get().state == "finished"


def test_a_running_check_gives_its_slot_to_a_hand_in(settings: Settings) -> None:
    settings.WORKER_SLOTS = 1
    check = SelfCheckRunFactory.create()
    works: list[GradingRun] = []

    def hand_in() -> None:
        works.append(GradingRunFactory.create())

    busy = FakeRunner(during=hand_in, events=(CellStarted(cell=1, cells=1),))
    assert execute_next(worker="host:1:a", queues=["cpu"], runner=busy)
    check.refresh_from_db()
    assert (check.state, check.platform_tries) == ("queued", 0)
    assert check.events.order_by("pk").last().code == "gave_way"  # type: ignore[union-attr]
    runner = FakeRunner()
    while execute_next(worker="host:1:a", queues=["cpu"], runner=runner):
        pass
    ran = [str(works[0].pk), str(check.pk)]
    assert [job.job_id.rpartition("-")[0] for job in runner.jobs] == ran
    check.refresh_from_db()
    assert check.state == "finished"
