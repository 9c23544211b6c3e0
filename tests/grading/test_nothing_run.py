"""Work without a notebook is finished at once: it counts, and no worker sees it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.actors import SYSTEM
from courses.models import Assignment
from courses.services.extensions import grant_extension
from formats.choices import LateMode
from grading.models import GradingRun, Mark, MarkChange, Publication, QuestionResult
from grading.scoring import rules_of
from grading.services import (
    RegradeRefusedError,
    RerunRefusedError,
    check_work,
    claim_next,
    finish_attempt,
    plan_regrade,
    plan_rescore,
    publish_revision,
    rerun,
    start_regrade,
    start_trials,
)
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.marks import load_counting_runs
from grading.services.on_behalf import submit_for_student
from grading.services.use import budgets_of
from grading.services.visibility import student_mark
from grading.states import State, Verdict
from grading.trial_state import trials_of
from submissions.exceptions import SubmissionRefusedError
from submissions.models import ReceiptMail, Submission
from tests.factories import (
    EnrolmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    RevisionFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.files_world import (
    PDF,
    hand_in_report,
    incoming,
    report_assignment,
    student_of,
)
from tests.submissions.opened import declared, opened, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return report_assignment()


def mark_full(run: GradingRun) -> None:
    """Give the report the 10 points of its question."""
    mark_points(run, 10)


def mark_points(run: GradingRun, points: int) -> None:
    """Give the report these points."""
    assignment = run.work.assignment
    marker = EnrolmentFactory.create(course=assignment.course, role="lecturer").user
    question = run.revision.questions.get()
    assert question.rubric is not None
    save_marking(
        actor=marker,
        target=MarkingTarget(
            rubric=question.rubric, student=run.work.author, submission=run.work
        ),
        given=GivenMarking(adjustment=Decimal(points), comment="Well argued."),
        version=0,
    )


def test_run_is_finished_in_the_transaction_of_the_hand_in(
    assignment: Assignment,
) -> None:
    run = hand_in_report(assignment)
    assert (run.state, run.verdict) == (State.FINISHED, Verdict.NOTHING_RUN)
    assert (run.automatic_points, run.measures) == (Decimal(0), {})
    assert (run.started_at, run.grading_seed, run.worker) == (None, None, "")
    (result,) = run.results.all()
    assert result.outcome == QuestionResult.Outcome.MANUAL
    assert result.points == 0
    assert run.events.get().target == State.FINISHED
    assert ReceiptMail.objects.get().submission == run.work


def test_no_worker_is_woken_or_finds_it(
    assignment: Assignment,
    woken: list[str],
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[object]],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        hand_in_report(assignment)
    assert woken == []
    assert claim_next(worker="host:1", queues=["cpu", "gpu"]) is None


def test_wrong_file_is_refused_and_nothing_is_stored(assignment: Assignment) -> None:
    with pytest.raises(SubmissionRefusedError) as refused:
        hand_in_report(assignment, data=b"Dear marker")
    assert [each.code for each in refused.value.problems] == ["wrong_kind"]
    assert not Submission.objects.exists()
    assert not GradingRun.objects.exists()


def test_same_files_with_the_same_key_are_one_attempt(assignment: Assignment) -> None:
    student = student_of(assignment)
    first = hand_in_report(assignment, student, idempotency_key="k")
    assert hand_in_report(assignment, student, idempotency_key="k") == first
    assert GradingRun.objects.count() == 1


def test_attempt_in_pieces_is_finished_too(assignment: Assignment) -> None:
    student = student_of(assignment)
    attempt = opened(student, assignment, declared(PDF, "report.pdf"))
    send(attempt.uploads.get(), PDF)
    run = finish_attempt(actor=student, opened=attempt)
    assert run.verdict == Verdict.NOTHING_RUN
    assert finish_attempt(actor=student, opened=attempt) == run


def test_work_that_staff_hand_in_is_finished_too(assignment: Assignment) -> None:
    lecturer = EnrolmentFactory.create(course=assignment.course, role="lecturer").user
    run = submit_for_student(
        actor=lecturer,
        student=student_of(assignment),
        assignment=assignment,
        files=[incoming()],
        reason="It came by mail.",
        uses_attempt=False,
    )
    assert run.verdict == Verdict.NOTHING_RUN
    assert not run.work.uses_attempt


def final_points(run: GradingRun) -> tuple[GradingRun | None, Decimal | None]:
    """Return the run that counts for the author, and their points."""
    owner = {"assignment": run.work.assignment, "student": run.work.author}
    (mark,) = load_counting_runs(Mark.objects.filter(**owner))
    return mark.run, mark.final_points


def test_mark_is_that_of_the_marking(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    assert final_points(run) == (run, Decimal(0))
    mark_full(run)
    assert final_points(run) == (run, Decimal(10))
    changes = MarkChange.objects.order_by("pk").values_list("after", flat=True)
    assert list(changes)[-1] == Decimal(10)


def test_student_sees_the_points_after_the_release_alone(
    assignment: Assignment,
) -> None:
    run = hand_in_report(assignment)
    mark_full(run)
    before = student_mark(assignment, run.work.author, timezone.now())
    assert before is not None
    assert before.is_provisional
    assert before.earned == 0
    assert before.by_hand == 10
    Assignment.objects.update(due_at=hours(-1), marks_released_at=hours(-0.1))
    assignment.refresh_from_db()
    after = student_mark(assignment, run.work.author, timezone.now())
    assert after is not None
    assert not after.is_provisional
    assert after.earned == 10


@pytest.mark.parametrize(
    ("counting", "counts"), [("latest", 2), ("best", 1), ("choice", 2)]
)
def test_rule_says_which_attempt_counts(counting: str, counts: int) -> None:
    assignment = report_assignment(counting=counting)
    student = student_of(assignment)
    first = hand_in_report(assignment, student)
    mark_full(first)
    second = hand_in_report(assignment, student, data=PDF + b"%%EOF")
    mark_points(second, 3)
    run, points = final_points(second)
    assert run is not None
    assert run.work.attempt == counts
    assert points == (10 if counts == 1 else 3)


def test_late_work_loses_points_until_there_is_an_extension() -> None:
    assignment = report_assignment(
        due_at=hours(-5),
        closes_at=hours(100),
        late_mode=LateMode.POINTS.value,
        late_unit="day",
        late_step=Decimal(3),
    )
    run = hand_in_report(assignment)
    mark_full(run)
    assert final_points(run) == (run, Decimal(7))
    lecturer = EnrolmentFactory.create(course=assignment.course, role="lecturer").user
    grant_extension(
        actor=lecturer,
        assignment=assignment,
        student=run.work.author,
        due_at=hours(50),
        reason="Ill",
    )
    assert final_points(run) == (run, Decimal(10))


def test_closed_coursework_takes_nothing_but_of_who_has_an_extension() -> None:
    assignment = report_assignment(closed=True)
    student = student_of(assignment)
    with pytest.raises(SubmissionRefusedError, match="closed"):
        hand_in_report(assignment, student)
    ExtensionFactory.create(assignment=assignment, student=student, due_at=hours(9))
    assert not hand_in_report(assignment, student).work.is_late


def test_publishing_needs_no_trials_and_no_reason() -> None:
    assignment = report_assignment()
    revision = assignment.revision
    assert revision is not None
    assignment.revision = None
    assignment.save()
    assert start_trials(actor=SYSTEM, revision=revision) == []
    assert trials_of(revision).are_good
    publication = publish_revision(actor=SYSTEM, revision=revision)
    assert publication == Publication.objects.get()
    assert publication is not None
    assert (publication.is_override, publication.trials) == (False, {})
    assert not GradingRun.objects.exists()


def test_nothing_can_be_run_again(assignment: Assignment) -> None:
    run = hand_in_report(assignment)
    with pytest.raises(RerunRefusedError, match="has no notebook"):
        rerun(actor=SYSTEM, submission=run.work)
    assert GradingRun.objects.count() == 1


def test_budgets_and_checks_do_not_exist() -> None:
    assignment = report_assignment(self_check_limit=3, cpu_budget_seconds=1)
    student = student_of(assignment)
    assert budgets_of(assignment, student) == ()
    with pytest.raises(SubmissionRefusedError, match="self_checks_off"):
        check_work(actor=student, assignment=assignment, files=[incoming()])


def test_earlier_attempt_that_waits_is_replaced() -> None:
    """The coursework had a notebook before: nobody waits for that any more."""
    assignment = report_assignment()
    student = student_of(assignment)
    before = RevisionFactory.create(assignment=assignment)
    waiting = GradingRunFactory.create(
        submission=SubmissionFactory.create(
            assignment=assignment, author=student, revision=before
        )
    )
    hand_in_report(assignment, student)
    waiting.refresh_from_db()
    assert waiting.state == State.SUPERSEDED


def test_rescoring_by_the_same_revision_changes_nothing(assignment: Assignment) -> None:
    hand_in_report(assignment)
    revision = assignment.revision
    assert revision is not None
    plan = plan_rescore(
        assignment=assignment,
        rules=[rules_of(each) for each in revision.questions.all()],
        revision=revision,
    )
    assert (plan.copies, plan.changed, plan.differing) == ((), (), ())


def test_regrade_by_a_notebook_is_refused(assignment: Assignment) -> None:
    hand_in_report(assignment)
    other = RevisionFactory.create(assignment=assignment)
    assert (
        "runs a notebook" in plan_regrade(assignment=assignment, revision=other).fault
    )
    with pytest.raises(RegradeRefusedError, match="attempts that have none"):
        start_regrade(
            actor=SYSTEM, assignment=assignment, revision=other, reason="Why not"
        )


def test_work_that_was_run_keeps_its_points(assignment: Assignment) -> None:
    before = RevisionFactory.create(assignment=assignment)
    GradingRunFactory.create(
        finished=True,
        submission=SubmissionFactory.create(assignment=assignment, revision=before),
    )
    revision = assignment.revision
    assert revision is not None
    with pytest.raises(RegradeRefusedError, match="points would be lost"):
        start_regrade(
            actor=SYSTEM, assignment=assignment, revision=revision, reason="Why not"
        )


def test_regrade_by_another_revision_without_a_notebook_is_finished_at_once(
    assignment: Assignment,
) -> None:
    run = hand_in_report(assignment)
    other = report_assignment("words", "style").revision
    assert other is not None
    other.assignment, other.number = assignment, 99
    other.save()
    regrade = start_regrade(
        actor=SYSTEM, assignment=assignment, revision=other, reason="A new question"
    )
    new = regrade.runs.get()
    assert (new.number, new.verdict) == (2, Verdict.NOTHING_RUN)
    assert new.results.count() == 2
    assert new.work == run.work
