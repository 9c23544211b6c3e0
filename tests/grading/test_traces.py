"""The exception of a test is for staff: no page, API or export shows it to students."""

from dataclasses import replace

import pytest
from django.test import Client

from grading.models import GradingRun, QuestionResult
from grading.services import claim_next, finish_run
from grading.worker.progress import Progress
from runner.protocol.jobs import QuestionDone, QuestionOutcome, Verdict
from tests.factories import GradingRunFactory, TrialFactory
from tests.grading.fakes import found, job_result
from tests.grading.pages import signed_in, staff_of

pytestmark = pytest.mark.django_db
SECRET = "expected_answer = 4711"


def outcome() -> QuestionOutcome:
    passed = found(check_answer=0.0)
    (check,) = passed.checks
    return replace(passed, checks=(replace(check, trace=f"Traceback: {SECRET}"),))


def end(run: GradingRun) -> GradingRun:
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    finish_run(
        claim=claim, result=job_result(Verdict.COMPLETED, "completed", outcome())
    )
    run.refresh_from_db()
    return run


def texts(client: Client, run: GradingRun) -> list[str]:
    work = run.work
    pages = [
        run.get_absolute_url(),
        f"{run.get_absolute_url()}status/",
        work.get_absolute_url(),
        work.assignment.get_absolute_url(),
        f"/api/v1/runs/{run.pk}/",
        f"/api/v1/submissions/{work.pk}/",
        "/api/v1/marks/",
        "/",
    ]
    answers = [client.get(page) for page in pages]
    assert {answer.status_code for answer in answers} == {200}
    return [answer.content.decode() for answer in answers]


def test_no_page_or_answer_shows_a_trace_to_the_author() -> None:
    run = end(GradingRunFactory.create())
    assert QuestionResult.objects.get().traces == {
        "check_answer": f"Traceback: {SECRET}"
    }
    assert not any(SECRET in text for text in texts(signed_in(run.work.author), run))


def test_staff_read_a_trace_on_the_run_page_and_not_in_the_api() -> None:
    run = end(GradingRunFactory.create())
    page, _, _, _, *api, _ = texts(signed_in(staff_of(run.assignment)), run)
    assert SECRET in page
    assert not any(SECRET in text for text in api)


def test_staff_read_a_trace_on_the_trial_page() -> None:
    run = end(TrialFactory.create())
    page = signed_in(staff_of(run.assignment)).get(run.get_absolute_url())
    assert SECRET in page.content.decode()


def test_a_trace_is_not_in_the_data_of_student_views() -> None:
    end(GradingRunFactory.create())
    assert SECRET not in repr(QuestionResult.objects.get().checks)


def test_progress_of_a_running_run_has_no_trace() -> None:
    progress = Progress().after(QuestionDone(question=outcome()))
    assert SECRET not in repr(progress.to_json())
