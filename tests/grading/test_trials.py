"""A revision's trials run as all work does, but belong to nobody and give no mark."""

from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction

from accounts.actors import SYSTEM
from courses.models import AssignmentRevision
from formats.choices import Part
from grading.models import GradingRun, Mark, Trial
from grading.services import claim_next, fail_try, finish_run, start_trials, sweep
from grading.trial_state import TrialStatus, trials_of
from grading.worker.job_spec import build_job
from runner.protocol.jobs import Outcome, Verdict
from tests.factories import (
    EnrolmentFactory,
    GradingRunFactory,
    RequiredFileFactory,
    RevisionFactory,
    RevisionFileFactory,
    SubmissionFactory,
    TrialFactory,
    UserFactory,
    small_notebook,
)
from tests.grading.fakes import found, job_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def revision() -> AssignmentRevision:
    """Give a revision with staff notebook, hand-out, and weights of the solution."""
    chosen: AssignmentRevision = RevisionFactory.create()
    RequiredFileFactory.create(revision=chosen, weights=True)
    for part, name, text in (
        (Part.STAFF, "staff.ipynb", small_notebook("answer = 42")),
        (Part.HANDOUT, "work.ipynb", small_notebook("answer = None")),
        (Part.SOLUTION, "digits.safetensors", "weights"),
    ):
        RevisionFileFactory.create(revision=chosen, part=part, name=name, text=text)
    return chosen


def end(revision: AssignmentRevision, trial: Trial, **scores: float) -> GradingRun:
    """End the trial with these scores of its checks."""
    run = GradingRun.objects.get(revision=revision, trial=trial)
    GradingRun.objects.exclude(pk=run.pk).update(queue="gpu")
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    outcome = found("answer", Outcome.FAILED, **scores)
    assert finish_run(
        claim=claim, result=job_result(Verdict.COMPLETED, "completed", outcome)
    )
    GradingRun.objects.update(queue="cpu")
    run.refresh_from_db()
    return run


def test_solution_is_the_staff_notebook_with_its_files(
    revision: AssignmentRevision,
) -> None:
    job = build_job(TrialFactory.create(revision=revision, trial=Trial.SOLUTION))
    assert "answer = 42" in job.notebook
    assert [file.name for file in job.files] == ["digits.safetensors"]


def test_handout_is_tried_unchanged_and_without_other_files(
    revision: AssignmentRevision,
) -> None:
    job = build_job(TrialFactory.create(revision=revision, trial=Trial.HANDOUT))
    assert "answer = None" in job.notebook
    assert job.files == ()


def test_students_never_get_the_solutions_files(revision: AssignmentRevision) -> None:
    submission = SubmissionFactory.create(
        assignment=revision.assignment, revision=revision
    )
    job = build_job(GradingRunFactory.create(submission=submission))
    assert job.files == ()
    assert job.private_files == ()


def test_publishing_needs_both_trials_to_be_good(revision: AssignmentRevision) -> None:
    start_trials(actor=SYSTEM, revision=revision)
    assert trials_of(revision).are_under_way
    end(revision, Trial.SOLUTION, check_answer=1.0)
    end(revision, Trial.HANDOUT, check_answer=0.0)
    assert trials_of(revision).are_good


def test_a_handout_that_earns_points_is_not_good(revision: AssignmentRevision) -> None:
    start_trials(actor=SYSTEM, revision=revision)
    end(revision, Trial.HANDOUT, check_answer=0.25)
    assert trials_of(revision).handout.status == TrialStatus.WRONG


def test_a_solution_that_loses_points_is_not_good(revision: AssignmentRevision) -> None:
    start_trials(actor=SYSTEM, revision=revision)
    end(revision, Trial.SOLUTION, check_answer=0.5)
    assert trials_of(revision).solution.status == TrialStatus.WRONG


def test_a_handout_that_did_not_run_is_not_good() -> None:
    trial = TrialFactory.create(
        trial=Trial.HANDOUT,
        finished=True,
        verdict="rejected",
        automatic_points=Decimal(0),
    )
    assert trials_of(trial.revision).handout.status == TrialStatus.WRONG


def test_trial_counts_for_no_mark(revision: AssignmentRevision) -> None:
    start_trials(actor=SYSTEM, revision=revision)
    run = end(revision, Trial.SOLUTION, check_answer=1.0)
    assert (run.state, run.automatic_points) == ("finished", Decimal(2))
    assert not Mark.objects.exists()


def test_a_trial_is_in_no_list_even_for_site_staff() -> None:
    TrialFactory.create()
    assert not GradingRun.objects.visible_to(UserFactory.create(site_staff=True))


def test_a_trial_is_tried_again_after_our_faults_and_then_goes_to_staff(
    revision: AssignmentRevision,
) -> None:
    TrialFactory.create(revision=revision)
    for _ in range(3):
        claim = claim_next(worker="w", queues=["cpu"])
        assert claim is not None
        fail_try(claim=claim, code="runner_failed")
    assert trials_of(revision).solution.status == TrialStatus.NO_RESULT


def test_trial_of_a_lost_worker_goes_back_to_the_queue() -> None:
    trial = TrialFactory.create(running=True)
    GradingRun.objects.update(lease_expires_at="2020-01-01T00:00:00Z")
    sweep()
    trial.refresh_from_db()
    assert trial.state == "queued"


def test_starting_trials_twice_returns_the_queued_runs(
    revision: AssignmentRevision,
) -> None:
    first = start_trials(actor=SYSTEM, revision=revision)
    assert start_trials(actor=SYSTEM, revision=revision) == first


def test_students_runs_go_before_trials(revision: AssignmentRevision) -> None:
    start_trials(actor=SYSTEM, revision=revision)
    run = GradingRunFactory.create()
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    assert claim.run_id == run.pk


def test_assistants_cannot_start_trials(revision: AssignmentRevision) -> None:
    course = revision.assignment.course
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    with pytest.raises(PermissionDenied):
        start_trials(actor=assistant, revision=revision)


def test_a_run_belongs_to_either_work_or_a_trial() -> None:
    submission = SubmissionFactory.create()
    for fields in ({"submission": None}, {"submission": submission, "trial": "x"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            GradingRun.objects.create(revision=submission.revision, number=1, **fields)
