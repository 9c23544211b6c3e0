"""What runs used is summed, and a budget is charged with a student's own hand-ins."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun
from grading.services import cancel_run, claim_next, fail_try, finish_run
from grading.services.use import budget_refusals, budgets_of, use_in_course
from runner.protocol.jobs import JobResult, Measures, Verdict
from tests.api.asking import codes, get, hand_in, rows
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    RegradeFactory,
    SubmissionFactory,
    UserFactory,
)
from tests.grading.fakes import claim_of, job_result

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(cpu_budget_seconds=100, counting=Counting.BEST)


def run_of(assignment: Assignment, author: Any = None, **values: Any) -> GradingRun:
    author = author or EnrolmentFactory.create(course=assignment.course).user
    return GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=author),
        **values,
    )


def ended(verdict: Verdict = Verdict.COMPLETED, **measures: Any) -> JobResult:
    made = job_result(verdict, "completed")
    return JobResult(
        job_id=made.job_id,
        verdict=verdict,
        code=made.code,
        questions=made.questions,
        notebook=made.notebook,
        measures=Measures(**measures),
    )


def used(run: GradingRun) -> tuple[float, float, float, float]:
    run.refresh_from_db()
    return (
        run.cpu_seconds,
        run.gpu_seconds,
        run.checking_cpu_seconds,
        run.checking_gpu_seconds,
    )


def test_a_result_records_what_it_used(assignment: Assignment) -> None:
    run = run_of(assignment, running=True)
    result = ended(
        seconds=9.0, cpu_seconds=30.0, checking_cpu_seconds=4.0, checking_seconds=5.0
    )
    finish_run(claim=claim_of(run), result=result)
    assert used(run) == (30.0, 0.0, 4.0, 0.0)


def test_a_run_on_a_gpu_uses_it_from_start_to_end(assignment: Assignment) -> None:
    run = run_of(assignment, running=True)
    result = ended(seconds=9.0, checking_seconds=5.0, gpu="NVIDIA H200")
    finish_run(claim=claim_of(run), result=result)
    assert used(run) == (0.0, 9.0, 0.0, 5.0)


def test_a_cancelled_run_is_charged_for_what_it_used(assignment: Assignment) -> None:
    run = run_of(assignment, running=True)
    cancel_run(actor=run.work.author, run=run)
    finish_run(claim=claim_of(run), result=ended(Verdict.CANCELLED, cpu_seconds=95.0))
    run.refresh_from_db()
    assert run.state == "cancelled"
    (budget,) = budgets_of(assignment, run.work.author)
    assert budget.left == 5


def test_without_a_budget_nobody_is_refused() -> None:
    run = run_of(AssignmentFactory.create(), finished=True, cpu_seconds=1e9)
    assert budgets_of(run.work.assignment, run.work.author) == ()
    assert budget_refusals(run.work.assignment, run.work.author) == []


def test_a_budget_counts_all_of_a_student_s_hand_ins(assignment: Assignment) -> None:
    first = run_of(assignment, finished=True, cpu_seconds=40)
    student = first.work.author
    run_of(assignment, student, finished=True, cpu_seconds=50)
    run_of(assignment, finished=True, cpu_seconds=1000)
    other = AssignmentFactory.create(course=assignment.course)
    run_of(other, student, finished=True, cpu_seconds=1000)
    (budget,) = budgets_of(assignment, student)
    assert (budget.device, budget.used, budget.left) == ("CPU", 90, 10)
    assert not budget.is_used_up
    run_of(assignment, student, finished=True, cpu_seconds=10)
    (refusal,) = budget_refusals(assignment, student)
    assert refusal.message == (
        "Your runs of this coursework may use 1 min 40 s of CPU time, and they have "
        "used 1 min 40 s."
    )


def test_what_staff_start_and_what_we_fail_costs_nothing(
    assignment: Assignment,
) -> None:
    first = run_of(assignment, finished=True, cpu_seconds=10)
    student = first.work.author
    GradingRunFactory.create(
        submission=first.submission, finished=True, number=2, cpu_seconds=500
    )
    regrade = RegradeFactory.create(assignment=assignment)
    GradingRunFactory.create(
        submission=first.submission,
        finished=True,
        number=3,
        regrade=regrade,
        cpu_seconds=500,
    )
    run_of(assignment, student, needs_staff=True)
    waiting = run_of(assignment, student)
    for _ in range(3):
        claim = claim_next(worker="w", queues=["cpu"])
        assert claim is not None
        assert claim.run_id == waiting.pk
        fail_try(claim=claim, code="runner_failed")
    (budget,) = budgets_of(assignment, student)
    assert budget.used == 10


def test_seconds_of_checks_are_not_charged(assignment: Assignment) -> None:
    """SECURITY: what tested code takes would tell what the tests give it."""
    run = run_of(assignment, finished=True, cpu_seconds=10, checking_cpu_seconds=80)
    (budget,) = budgets_of(assignment, run.work.author)
    assert budget.used == 10


def test_a_hand_in_past_the_budget_is_refused_in_words(assignment: Assignment) -> None:
    run = run_of(assignment, finished=True, cpu_seconds=100)
    answer = hand_in(run.work.author, assignment)
    assert answer.status_code == 400
    assert {code for code, _ in codes(answer)} == {"budget_used_up"}


def test_the_same_hand_in_sent_again_has_its_receipt(assignment: Assignment) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    key = {"Idempotency-Key": "k" * 20}
    first = hand_in(student, assignment, headers=key)
    GradingRun.objects.update(cpu_seconds=100)
    again = hand_in(student, assignment, headers=key)
    assert again.json()["run"]["id"] == first.json()["run"]["id"]


def test_use_is_summed_by_student_and_week(assignment: Assignment) -> None:
    monday = dt.datetime(2026, 11, 2, 12, tzinfo=dt.UTC)
    first = run_of(
        assignment, finished=True, finished_at=monday, cpu_seconds=5, gpu_seconds=2
    )
    same = {"author": first.work.author, "finished": True}
    run_of(
        assignment,
        **same,
        finished_at=monday + dt.timedelta(days=6),
        cpu_seconds=1,
        checking_cpu_seconds=2,
    )
    run_of(assignment, **same, finished_at=monday + dt.timedelta(days=7), cpu_seconds=7)
    run_of(assignment, finished=True, finished_at=monday, cpu_seconds=11)
    run_of(AssignmentFactory.create(), finished=True, cpu_seconds=1000)
    run_of(assignment)
    found = [
        (
            row["student"] == first.work.author_id,
            *(row[name] for name in ("week", "runs", "cpu", "gpu")),
        )
        for row in use_in_course(assignment.course, UserFactory.create(site_staff=True))
    ]
    week = monday.date()
    assert sorted(found) == sorted(
        [
            (True, week, 2, 8.0, 2.0),
            (False, week, 1, 11.0, 0.0),
            (True, week + dt.timedelta(days=7), 1, 7.0, 0.0),
        ]
    )


def test_copied_results_used_nothing(assignment: Assignment) -> None:
    run = run_of(assignment, finished=True, cpu_seconds=5)
    GradingRunFactory.create(
        submission=run.submission, finished=True, copied_from=run, cpu_seconds=5
    )
    (row,) = use_in_course(assignment.course, UserFactory.create(site_staff=True))
    assert (row["runs"], row["cpu"]) == (1, 5.0)


def test_the_api_sums_one_s_own_use_without_the_checks(assignment: Assignment) -> None:
    run = run_of(assignment, finished=True, cpu_seconds=5, checking_cpu_seconds=3)
    GradingRunFactory.create(
        submission=run.submission, finished=True, number=2, cpu_seconds=4
    )
    (own,) = rows(run.work.author, "use/")
    assert own["runs"] == 2
    assert (own["cpu_seconds"], own["charged_cpu_seconds"]) == (9.0, 5.0)
    assert own["checking_cpu_seconds"] is None
    assistant = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    (theirs,) = rows(assistant, "use/", assignment=assignment.pk)
    assert theirs["checking_cpu_seconds"] == 3.0
    classmate = EnrolmentFactory.create(course=assignment.course).user
    assert rows(classmate, "use/") == []


def test_the_api_names_the_budget(assignment: Assignment) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    found = get(student, f"assignments/{assignment.pk}/")
    assert (found["cpu_budget_seconds"], found["gpu_budget_seconds"]) == (100, None)


def test_a_week_begins_on_the_course_s_monday(assignment: Assignment) -> None:
    assignment.course.time_zone = "Pacific/Auckland"
    assignment.course.save()
    sunday = dt.datetime(2026, 11, 1, 23, tzinfo=dt.UTC)
    run_of(assignment, finished=True, finished_at=sunday, cpu_seconds=1)
    (row,) = use_in_course(assignment.course, UserFactory.create(site_staff=True))
    assert row["week"] == dt.date(2026, 11, 2)


def test_a_running_run_is_not_yet_charged(assignment: Assignment) -> None:
    run = run_of(assignment, running=True, started_at=timezone.now())
    cancel_run(actor=SYSTEM, run=run)
    (budget,) = budgets_of(assignment, run.work.author)
    assert budget.used == 0


def test_the_list_counts_its_rows_and_not_their_runs(assignment: Assignment) -> None:
    course = assignment.course
    staff = EnrolmentFactory.create(course=course, lecturer=True).user
    for _ in range(3):
        student = EnrolmentFactory.create(course=course).user
        for _ in range(2):
            finish_run(
                claim=claim_of(run_of(assignment, student, running=True)),
                result=ended(cpu_seconds=1),
            )
    page = get(staff, "use/", page_size=1)
    assert page["count"] == 3
    assert [row["runs"] for row in page["results"]] == [2]
    assert page["next"]
