"""A student's view of a run and of a mark, computed from the rows."""

from decimal import Decimal

import pytest
from django.utils import timezone

from courses.models import Assignment, Question
from formats.choices import Counting
from grading.models import GradingRun, Mark
from grading.scoring import Outcome
from grading.services import finish_run, staff_results, student_mark, student_results
from grading.worker.progress import Progress
from runner.protocol.jobs import QuestionOutcome, Verdict
from tests.factories import ExtensionFactory, GradingRunFactory, hours
from tests.grading.fakes import claim_of, found, job_result

pytestmark = pytest.mark.django_db

CHECKS = [
    {"name": "seen", "points": "1", "visibility": "always", "description": "Seen."},
    {"name": "late", "points": "3", "visibility": "after_deadline", "description": ""},
]
BOTH = found("answer", seen=1.0, late=1.0)


@pytest.fixture
def run() -> GradingRun:
    run = GradingRunFactory.create(running=True)
    Question.objects.update(checks=CHECKS, points=Decimal(4))
    return run


def finish(run: GradingRun, outcome: QuestionOutcome = BOTH) -> GradingRun:
    result = job_result(Verdict.COMPLETED, "completed", outcome)
    finish_run(claim=claim_of(run), result=result)
    return GradingRun.objects.get(pk=run.pk)


def set_assignment(**values: object) -> None:
    Assignment.objects.update(**values)


def test_before_the_deadline_hidden_points_are_only_announced(run: GradingRun) -> None:
    shown = student_results(finish(run), timezone.now())
    assert (str(shown.earned), str(shown.shown_points)) == ("1.00", "1")
    assert [hidden.text for hidden in shown.hidden] == [
        "3 points are shown when you can no longer hand in"
    ]


def test_after_the_deadline_hidden_points_are_shown(run: GradingRun) -> None:
    set_assignment(due_at=hours(-1))
    shown = student_results(finish(run), timezone.now())
    assert (shown.earned, shown.hides_points) == (Decimal(4), False)


def test_hidden_points_stay_hidden_while_late_work_is_accepted(run: GradingRun) -> None:
    set_assignment(due_at=hours(-1), closes_at=hours(1))
    assert student_results(finish(run), timezone.now()).hides_points


def test_the_students_own_deadline_decides(run: GradingRun) -> None:
    set_assignment(due_at=hours(-1))
    submission = run.work
    ExtensionFactory.create(assignment=submission.assignment, student=submission.author)
    assert student_results(finish(run), timezone.now()).earned == 1


def test_staff_see_all_at_any_time(run: GradingRun) -> None:
    shown = staff_results(finish(run), timezone.now())
    assert (shown.earned, shown.hides_points) == (Decimal(4), False)


def test_a_running_run_shows_its_author_no_question_yet(run: GradingRun) -> None:
    run.progress = Progress(questions=(BOTH,)).to_json()
    (question,) = student_results(run, timezone.now()).questions
    assert (question.outcome, str(question.earned)) == (Outcome.WAITING, "0.00")
    assert [check.name for check in question.checks] == ["seen"]


def test_a_running_run_shows_staff_the_questions_so_far(run: GradingRun) -> None:
    run.progress = Progress(questions=(BOTH,)).to_json()
    (question,) = staff_results(run, timezone.now()).questions
    assert (question.outcome, str(question.earned)) == (Outcome.PASSED, "4.00")


@pytest.mark.parametrize("state", ["queued", "cancelled"])
def test_a_question_that_the_run_has_not_reached_shows_as_waiting(
    run: GradingRun, state: str
) -> None:
    run.state = state
    (question,) = student_results(run, timezone.now()).questions
    assert question.outcome == Outcome.WAITING


def shown_mark(run: GradingRun) -> tuple[str, str, bool]:
    submission = run.work
    shown = student_mark(submission.assignment, submission.author, timezone.now())
    assert shown is not None
    return str(shown.earned), str(shown.shown_points), shown.is_provisional


def test_a_provisional_mark_does_not_reveal_hidden_checks(
    run: GradingRun,
) -> None:
    finish(run)
    assert Mark.objects.get().final_points == 4
    assert shown_mark(run) == ("1.00", "1", True)


def test_the_best_attempt_does_not_reveal_hidden_checks(
    run: GradingRun,
) -> None:
    set_assignment(counting=Counting.BEST)
    other = GradingRunFactory.create(
        running=True,
        submission__assignment=run.work.assignment,
        submission__author=run.work.author,
        submission__attempt=2,
    )
    finish(run, found("answer", seen=0.0, late=1.0))
    finish(other, found("answer", seen=1.0, late=0.0))
    assert Mark.objects.get().run == run
    assert shown_mark(run) == ("1.00", "1", True)


def test_a_released_mark_is_the_final_one(run: GradingRun) -> None:
    set_assignment(due_at=hours(-2), marks_released_at=hours(-1))
    assert shown_mark(finish(run)) == ("4.00", "4.00", False)


def test_without_a_mark_there_is_nothing_to_show(run: GradingRun) -> None:
    submission = run.work
    now = timezone.now()
    assert student_mark(submission.assignment, submission.author, now) is None
