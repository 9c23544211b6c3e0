"""A cancelled run is cancelled or final in every state, and never both."""

import pytest

from accounts.actors import SYSTEM
from grading.models import GradingRun
from grading.services import cancel_run, claim_next, finish_run
from runner.protocol.jobs import Verdict
from tests.factories import GradingRunFactory
from tests.grading.fakes import claim_of, job_result, just_before_transition

pytestmark = pytest.mark.django_db

STOPPED = job_result(Verdict.CANCELLED, "cancelled", notebook="")


def test_a_queued_run_is_cancelled_at_once() -> None:
    run = GradingRunFactory.create()
    author = run.work.author
    assert cancel_run(actor=author, run=run)
    run.refresh_from_db()
    assert (run.state, run.code) == ("cancelled", "cancelled")
    assert run.events.get().actor == author


def test_a_running_run_is_stopped_by_its_worker() -> None:
    run = GradingRunFactory.create(running=True)
    assert cancel_run(actor=SYSTEM, run=run)
    run.refresh_from_db()
    assert (run.state, run.events.get().code) == ("running", "cancel_requested")
    finish_run(claim=claim_of(run), result=STOPPED)
    run.refresh_from_db()
    assert (run.state, run.verdict, run.platform_tries) == ("cancelled", "", 0)


def test_a_run_that_finished_before_it_could_be_stopped_keeps_its_result() -> None:
    run = GradingRunFactory.create(running=True)
    cancel_run(actor=SYSTEM, run=run)
    finish_run(claim=claim_of(run), result=job_result())
    run.refresh_from_db()
    assert (run.state, str(run.automatic_points)) == ("finished", "2.00")


@pytest.mark.parametrize("trait", ["finished", "needs_staff"])
def test_a_run_that_has_ended_stays_as_it_is(trait: str) -> None:
    run = GradingRunFactory.create(**{trait: True})
    assert not cancel_run(actor=SYSTEM, run=run)
    assert GradingRun.objects.get().state == run.state
    assert not run.events.exists()


def test_a_run_claimed_at_that_moment_is_asked_to_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = GradingRunFactory.create()
    just_before_transition(monkeypatch, lambda: claim_next(worker="w", queues=["cpu"]))
    assert cancel_run(actor=SYSTEM, run=run)
    run.refresh_from_db()
    assert (run.state, run.cancel_requested_at is not None) == ("running", True)
