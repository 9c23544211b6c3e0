"""Each run's tests draw numbers from a secret, which reruns keep and attempts renew."""

import pytest

from accounts.actors import SYSTEM
from courses.models import AssignmentRevision
from grading.models import GradingRun, Trial
from grading.services import (
    claim_next,
    enqueue_run,
    fail_try,
    finish_run,
    rerun,
    start_regrade,
    start_trials,
)
from grading.worker.input_record import input_record
from grading.worker.job_spec import IncompleteRevisionError, build_job
from tests.factories import GradingRunFactory, RevisionFactory, SubmissionFactory
from tests.grading.fakes import job_result

pytestmark = pytest.mark.django_db


def enqueued(**fields: object) -> GradingRun:
    return enqueue_run(actor=SYSTEM, submission=SubmissionFactory.create(**fields))


def finish() -> None:
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    assert finish_run(claim=claim, result=job_result())


def test_the_job_has_the_secret_of_its_run_and_not_the_notebooks_seed() -> None:
    run = enqueued()
    run.revision.seed = 7
    job = build_job(run)
    assert (job.seed, job.grading_seed) == (7, run.grading_seed)
    assert (
        job.grading_seed > 2**32
    )  # drawn from 63 bits: smaller than this once in 2**31


def test_each_attempt_gets_its_own_secret() -> None:
    first = enqueued()
    work = first.work
    second = enqueued(assignment=work.assignment, author=work.author, attempt=2)
    assert first.grading_seed != second.grading_seed


def test_a_rerun_keeps_the_recorded_secret() -> None:
    run = enqueued()
    finish()
    assert rerun(actor=SYSTEM, submission=run.work).grading_seed == run.grading_seed


def test_a_rerun_by_another_revision_keeps_the_secret() -> None:
    run = enqueued()
    finish()
    revision = RevisionFactory.create(assignment=run.assignment)
    regrade = start_regrade(
        actor=SYSTEM, assignment=run.assignment, revision=revision, reason="mended"
    )
    assert regrade.runs.get().grading_seed == run.grading_seed


def test_a_try_that_failed_by_our_fault_keeps_the_secret() -> None:
    run = enqueued()
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    assert fail_try(claim=claim, code="runner_failed")
    again = GradingRun.objects.get(pk=run.pk)
    assert (again.state, again.grading_seed) == ("queued", run.grading_seed)


def test_a_revision_may_fix_the_secret() -> None:
    submission = SubmissionFactory.create()
    AssignmentRevision.objects.update(grading_seed=0)
    submission.revision.refresh_from_db()
    run = enqueue_run(actor=SYSTEM, submission=submission)
    assert (run.grading_seed, build_job(run).grading_seed) == (0, 0)


def test_each_trial_gets_its_own_secret() -> None:
    revision = RevisionFactory.create()
    seeds = {run.grading_seed for run in start_trials(actor=SYSTEM, revision=revision)}
    assert len(seeds) == len(Trial)
    assert None not in seeds


def test_old_work_without_a_secret_gets_one_when_it_runs_again() -> None:
    old = GradingRunFactory.create(finished=True, grading_seed=None)
    new = rerun(actor=SYSTEM, submission=old.work)
    assert new.grading_seed is not None


def test_another_secret_is_another_input() -> None:
    run = enqueued()
    record = input_record(run)
    known = {"bundle_sha256": "b", "environment_sha256": "e", "files": {"a": "f"}}
    digests = {
        type(record).from_json(record.to_json() | known | {"grading_seed": seed}).sha256
        for seed in (1, 2, None)
    }
    assert len(digests) == 3
    assert "" in digests


def test_a_run_without_a_secret_is_not_executed() -> None:
    run = GradingRunFactory.create(finished=True, grading_seed=None)
    with pytest.raises(IncompleteRevisionError):
        build_job(run)
