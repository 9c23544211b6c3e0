"""A file store that is away costs no try; one file that is missing does."""

import logging
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from grading.models import GradingRun, WorkerPresence
from grading.services import note_presence
from grading.worker import claim_guard, execution
from grading.worker.breaker import ClaimBreaker
from grading.worker.claim_guard import Alert, process_name
from grading.worker.execution import execute_next
from runner.protocol.jobs import Verdict
from tests.factories import GradingRunFactory
from tests.grading.fakes import FakeRunner, job_result

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_guard(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> ClaimBreaker:
    """Give the test a breaker and an alert of its own, and no long waits."""
    settings.LEASE_SECONDS = 2
    breaker = ClaimBreaker(claim_guard._note)
    monkeypatch.setattr(execution, "breaker", breaker)
    monkeypatch.setattr(execution, "store_alert", Alert(60))
    return breaker


@pytest.fixture
def store(tmp_path: Path, settings: Settings) -> Path:
    """Give a store of the test's own, with the files of its runs."""
    place = tmp_path / "blobs"
    blobs = settings.STORAGES["blobs"]
    options = {**blobs["OPTIONS"], "location": place}
    settings.STORAGES = {**settings.STORAGES, "blobs": {**blobs, "OPTIONS": options}}
    return place


def execute(runner: FakeRunner | None = None) -> bool:
    worker = f"{process_name()}:thread"
    return execute_next(worker=worker, queues=["cpu"], runner=runner or FakeRunner())


def gone(store: Path) -> None:
    store.rename(store.with_name("away"))


def back(store: Path) -> None:
    store.with_name("away").rename(store)


def emptied(store: Path) -> None:
    gone(store)
    store.mkdir()


def test_runs_wait_while_the_store_is_away(store: Path) -> None:
    run = GradingRunFactory.create()
    gone(store)
    for _ in range(5):
        assert execute()
    run.refresh_from_db()
    assert (run.state, run.platform_tries, run.put_back_count) == ("queued", 0, 5)
    assert run.events.latest("pk").code == "store_away"
    back(store)
    execute()
    run.refresh_from_db()
    assert run.state == "finished"


def test_an_empty_folder_is_where_the_store_should_be(store: Path) -> None:
    run = GradingRunFactory.create()
    emptied(store)
    execute()
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("queued", 0)


def test_a_missing_file_of_a_sound_store_needs_staff(store: Path) -> None:
    run = GradingRunFactory.create()
    run.work.files.update(sha256="0" * 64)
    for _ in range(3):
        execute()
    run.refresh_from_db()
    assert (run.state, run.code) == ("needs_staff", "file_missing")


@pytest.mark.parametrize(
    "runner",
    [
        FakeRunner(error=RuntimeError("broken")),
        FakeRunner(result=job_result(Verdict.PLATFORM, "runner_failed")),
        FakeRunner(),
    ],
    ids=["raised", "platform", "result"],
)
def test_a_store_that_goes_during_the_run_costs_no_try(
    store: Path, runner: FakeRunner
) -> None:
    run = GradingRunFactory.create()
    runner.during = lambda: gone(store)
    execute(runner)
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("queued", 0)
    # Nothing was written where the store will be mounted again.
    assert not store.exists()


def test_staff_are_alerted_once_a_minute_and_not_for_each_run(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        GradingRunFactory.create()
    gone(store)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            execute()
    alerts = [r for r in caplog.records if "store_away" in str(r.msg)]
    assert len([r for r in alerts if "worker_paused" not in str(r.msg)]) == 1


def test_the_worker_pauses_and_goes_on_by_itself(
    store: Path,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    own_guard: ClaimBreaker,
) -> None:
    note_presence(actor=SYSTEM, name=process_name(), queues=["cpu"])
    runs = [GradingRunFactory.create() for _ in range(6)]
    gone(store)
    settings.RETRY_SECONDS = 10
    assert [execute() for _ in range(5)] == [True, True, True, False, False]
    presence = WorkerPresence.objects.get()
    assert (presence.faults_in_a_row, presence.pause_code) == (3, "store_away")
    assert presence.paused_until is not None
    back(store)
    settings.RETRY_SECONDS = 0
    monkeypatch.setattr(own_guard, "_until", 0.0)
    GradingRun.objects.update(not_before=None)
    while execute():
        pass
    states = {GradingRun.objects.get(pk=run.pk).state for run in runs}
    assert states == {"finished"}
    now = WorkerPresence.objects.get()
    assert (now.faults_in_a_row, now.paused_until) == (0, None)


def test_many_runs_of_one_broken_revision_do_not_pause_the_worker(
    store: Path, own_guard: ClaimBreaker
) -> None:
    first = GradingRunFactory.create()
    for _ in range(4):
        GradingRunFactory.create(
            submission__assignment=first.work.assignment, revision=first.revision
        )
    first.revision.files.all().delete()
    for _ in range(5):
        execute()
    with own_guard.attempt() as may_claim:
        assert may_claim
