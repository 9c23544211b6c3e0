"""A run that fails by our fault is tried again, then goes to staff, never to 0."""

import pytest

from accounts.actors import SYSTEM
from grading.models import GradingRun, Mark
from grading.services import (
    Claim,
    cancel_run,
    claim_next,
    fail_try,
    finish_run,
    release_run,
)
from runner.protocol.jobs import Verdict
from tests.factories import GradingRunFactory
from tests.grading.fakes import claim_of, job_result

pytestmark = pytest.mark.django_db

OUR_FAULT = job_result(Verdict.PLATFORM, "runner_failed", notebook="")


def test_a_run_whose_try_failed_is_queued_again() -> None:
    run = GradingRunFactory.create(running=True)
    queued_at = run.queued_at
    assert fail_try(claim=claim_of(run), code="runner_failed")
    run.refresh_from_db()
    assert (run.state, run.platform_tries, run.worker) == ("queued", 1, "")
    assert (run.started_at, run.lease_expires_at) == (None, None)
    assert run.queued_at == queued_at
    assert run.events.get().code == "runner_failed"


def test_a_result_that_is_our_fault_is_no_result() -> None:
    run = GradingRunFactory.create(running=True)
    finish_run(claim=claim_of(run), result=OUR_FAULT)
    run.refresh_from_db()
    assert (run.state, run.verdict, run.results.count()) == ("queued", "", 0)
    assert not Mark.objects.exists()


def test_the_third_failed_try_goes_to_staff() -> None:
    run = GradingRunFactory.create()
    for _ in range(3):
        claim = claim_next(worker="w", queues=["cpu"])
        assert claim is not None
        finish_run(claim=claim, result=OUR_FAULT)
    run.refresh_from_db()
    assert (run.state, run.code, run.platform_tries) == (
        "needs_staff",
        "runner_failed",
        3,
    )
    assert run.detail == {"worker": "w"}
    assert claim_next(worker="w", queues=["cpu"]) is None
    assert not Mark.objects.exists()


def test_a_run_waiting_for_staff_uses_no_attempt_until_it_has_run() -> None:
    run = GradingRunFactory.create(running=True, platform_tries=2)
    fail_try(claim=claim_of(run), code="runner_failed")
    run.work.refresh_from_db()
    assert not run.work.uses_attempt
    again = GradingRunFactory.create(submission=run.submission, running=True)
    finish_run(claim=claim_of(again), result=job_result())
    run.work.refresh_from_db()
    assert run.work.uses_attempt


def test_a_regrade_that_fails_by_our_fault_gives_no_attempt_back() -> None:
    done = GradingRunFactory.create(finished=True)
    regrade = GradingRunFactory.create(
        submission=done.submission, running=True, platform_tries=2
    )
    fail_try(claim=claim_of(regrade), code="runner_failed")
    done.work.refresh_from_db()
    assert done.work.uses_attempt


def test_an_old_token_cannot_fail_a_try() -> None:
    run = GradingRunFactory.create(running=True, lease_token=2)
    old = Claim(run_id=run.pk, token=1, worker="frozen")
    assert not fail_try(claim=old, code="runner_failed")
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("running", 0)


def test_failing_a_try_again_after_a_lost_answer_counts_once() -> None:
    run = GradingRunFactory.create(running=True)
    claim = claim_of(run)
    fail_try(claim=claim, code="runner_failed")
    assert not fail_try(claim=claim, code="runner_failed")
    run.refresh_from_db()
    assert (run.platform_tries, run.events.count()) == (1, 1)


def test_a_stopping_worker_gives_its_run_back_without_using_a_try() -> None:
    run = GradingRunFactory.create(running=True)
    assert release_run(claim=claim_of(run))
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("queued", 0)
    assert run.events.get().code == "worker_stopped"


def test_a_job_stopped_without_a_request_counts_as_our_fault() -> None:
    run = GradingRunFactory.create(running=True)
    finish_run(claim=claim_of(run), result=job_result(Verdict.CANCELLED, "cancelled"))
    run.refresh_from_db()
    assert (run.state, run.platform_tries) == ("queued", 1)


@pytest.mark.parametrize("end", ["fail", "release"])
def test_a_cancelled_run_does_not_come_back(end: str) -> None:
    run = GradingRunFactory.create(running=True)
    cancel_run(actor=SYSTEM, run=run)
    if end == "fail":
        fail_try(claim=claim_of(run), code="runner_failed")
    else:
        release_run(claim=claim_of(run))
    assert GradingRun.objects.get().state == "cancelled"
