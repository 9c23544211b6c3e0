"""Staff rerun work as a new run, and nothing of the old run is lost."""

import pytest

from accounts.actors import SYSTEM
from grading.services import claim_next, finish_run, rerun
from tests.factories import GradingRunFactory, QuestionResultFactory, UserFactory
from tests.grading.fakes import job_result

pytestmark = pytest.mark.django_db


def test_a_regrade_is_a_new_run_behind_live_work() -> None:
    old = GradingRunFactory.create(finished=True)
    lecturer = UserFactory.create()
    new = rerun(actor=lecturer, submission=old.work)
    assert (new.number, new.priority) == (2, -10)
    assert new.events.get().actor == lecturer
    old.refresh_from_db()
    assert old.state == "finished"


def test_work_that_failed_by_our_fault_is_queued_with_live_work() -> None:
    stuck = GradingRunFactory.create(needs_staff=True)
    new = rerun(actor=SYSTEM, submission=stuck.work)
    assert (new.priority, new.platform_tries) == (0, 0)


def test_rerunning_queued_work_returns_the_queued_run() -> None:
    run = GradingRunFactory.create()
    assert rerun(actor=SYSTEM, submission=run.work) == run


def test_the_old_runs_results_are_kept_beside_the_new_ones() -> None:
    old = QuestionResultFactory.create().run
    rerun(actor=SYSTEM, submission=old.work)
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    finish_run(claim=claim, result=job_result())
    assert [run.results.count() for run in old.work.runs.all()] == [1, 1]
