"""The token's holder alone ends a run: result, mark and event in one write."""

from decimal import Decimal

import pytest
from django.db import DatabaseError

from grading.models import GradingRun, Mark, QuestionResult
from grading.services import Claim, finish_run, leases
from runner.protocol.jobs import Outcome, Verdict
from storage.blobs import read_blob
from tests.factories import GradingRunFactory
from tests.grading.fakes import claim_of, found, job_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> GradingRun:
    return GradingRunFactory.create(running=True)


def test_a_finished_run_has_its_result(run: GradingRun) -> None:
    assert finish_run(claim=claim_of(run), result=job_result())
    run.refresh_from_db()
    assert (run.state, run.verdict, run.code) == ("finished", "completed", "completed")
    assert (run.automatic_points, run.level) == (Decimal(2), "L0")
    assert run.measures["versions"] == {"torch": "2.13.0"}
    assert read_blob(run.executed_sha256) == b"{}"
    assert run.finished_at is not None


def test_every_question_has_its_result(run: GradingRun) -> None:
    finish_run(claim=claim_of(run), result=job_result())
    result = run.results.get()
    assert (result.outcome, str(result.points)) == ("passed", "2.00")
    assert result.checks == [
        {"name": "check_answer", "score": 1.0, "points": "2.00", "message": "passed"}
    ]


def test_the_mark_follows_in_the_same_write(run: GradingRun) -> None:
    finish_run(claim=claim_of(run), result=job_result())
    mark = Mark.objects.get()
    assert (mark.run, mark.final_points) == (run, Decimal(2))
    assert mark.student == run.work.author


def test_the_end_is_recorded_by_one_event(run: GradingRun) -> None:
    finish_run(claim=claim_of(run), result=job_result())
    event = run.events.get()
    assert (event.source, event.target, event.code) == (
        "running",
        "finished",
        "completed",
    )
    assert event.lease_token == run.lease_token


@pytest.mark.parametrize(
    ("verdict", "code"),
    [
        (Verdict.STUDENT_ERROR, "cells_failed"),
        (Verdict.LIMIT, "cell_time"),
        (Verdict.REJECTED, "language"),
    ],
)
def test_a_fault_of_the_student_s_is_a_result(
    run: GradingRun, verdict: Verdict, code: str
) -> None:
    result = job_result(
        verdict, code, found("answer", Outcome.NOT_REACHED, check_answer=0), cell=3
    )
    finish_run(claim=claim_of(run), result=result)
    run.refresh_from_db()
    assert (run.verdict, run.code, run.detail) == (verdict.value, code, {"cell": 3})
    assert Mark.objects.get().final_points == 0


def test_the_result_of_an_old_token_is_thrown_away(run: GradingRun) -> None:
    old = Claim(run_id=run.pk, token=run.lease_token - 1, worker="frozen")
    assert not finish_run(claim=old, result=job_result())
    run.refresh_from_db()
    assert (run.state, run.results.count(), Mark.objects.count()) == ("running", 0, 0)


def test_finishing_again_after_a_lost_answer_changes_nothing(run: GradingRun) -> None:
    assert finish_run(claim=claim_of(run), result=job_result())
    assert finish_run(claim=claim_of(run), result=job_result())
    assert (run.events.count(), run.results.count()) == (1, 1)


def test_a_result_is_written_whole_or_not_at_all(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**kwargs: object) -> None:
        raise DatabaseError

    monkeypatch.setattr(leases, "recompute_mark", fail)
    with pytest.raises(DatabaseError):
        finish_run(claim=claim_of(run), result=job_result())
    run.refresh_from_db()
    assert (run.state, run.results.count(), run.events.count()) == ("running", 0, 0)


def test_a_run_without_a_notebook_finishes_too(run: GradingRun) -> None:
    finish_run(claim=claim_of(run), result=job_result(notebook=""))
    run.refresh_from_db()
    assert (run.state, run.executed_sha256) == ("finished", "")


def test_a_notebook_too_large_to_keep_costs_no_points(
    run: GradingRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "MAX_EXECUTED_BYTES", 10)
    finish_run(claim=claim_of(run), result=job_result(notebook="x" * 11))
    run.refresh_from_db()
    assert (run.automatic_points, run.executed_sha256) == (Decimal(2), "")


def test_text_that_no_database_accepts_is_cleaned(run: GradingRun) -> None:
    result = job_result(
        Verdict.STUDENT_ERROR, "cells_failed", ename="A\x00B\ud800", notebook="\ud800"
    )
    assert finish_run(claim=claim_of(run), result=result)
    run.refresh_from_db()
    assert run.detail["ename"] == "A�B?"


def test_a_question_that_the_revision_lacks_earns_nothing(run: GradingRun) -> None:
    finish_run(
        claim=claim_of(run),
        result=job_result(Verdict.COMPLETED, "completed", found("bonus", check=1)),
    )
    run.refresh_from_db()
    assert run.automatic_points == 0
    assert run.results.get().outcome == QuestionResult.Outcome.NOT_REACHED
