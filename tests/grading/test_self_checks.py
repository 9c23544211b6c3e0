"""A check before handing in runs the student's files, and is nothing of an attempt."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun, Mark, MarkChange, QuestionResult, SelfCheck
from grading.services import (
    cancel_run,
    check_work,
    claim_next,
    drop_self_check_files,
    fail_try,
    finish_run,
    hand_in_checked_files,
    heartbeat,
    place_in_queue,
    release_run,
    self_check_results,
    self_checks_left,
    start_trials,
    waiting_runs,
)
from grading.services.submit import submit_work
from grading.services.use import budgets_of, self_check_use_in_course, use_in_course
from grading.states import State
from grading.worker.job_spec import build_job
from grading.worker.progress import Progress
from runner.protocol.jobs import Measures, Verdict
from storage.blob_rows import unnamed_among
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    RevisionFileFactory,
    SelfCheckFactory,
    SelfCheckRunFactory,
    SubmissionFactory,
    UserFactory,
    hours,
    small_notebook,
)
from tests.grading.fakes import claim_of, found, job_result
from tests.grading.pages import add_question, student_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(
        self_check_limit=2, max_attempts=1, cpu_budget_seconds=100
    )


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


def check(
    assignment: Assignment, student: User, text: str = "", key: str = ""
) -> SelfCheck:
    data = (text or small_notebook()).encode()
    notebook = IncomingFile(
        name="work.ipynb",
        original_name="mine.ipynb",
        content=io.BytesIO(data),
        size=len(data),
    )
    return check_work(
        actor=student, assignment=assignment, files=[notebook], idempotency_key=key
    )


def left(assignment: Assignment, student: User) -> int:
    return self_checks_left(assignment, student, timezone.now()).left


def refused(action: Callable[[], object]) -> set[str]:
    with pytest.raises(SubmissionRefusedError) as error:
        action()
    return {problem.code for problem in error.value.problems}


def finished(run: GradingRun, **measures: Any) -> GradingRun:
    """End the run with a result, as its worker does."""
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    assert claim.run_id == run.pk
    result = job_result()
    assert finish_run(
        claim=claim,
        result=type(result)(**{**vars(result), "measures": Measures(**measures)}),
    )
    run.refresh_from_db()
    return run


# --- How many ---------------------------------------------------------------------


def test_checks_are_used_up_and_come_back(
    assignment: Assignment, student: User, time_machine: Any
) -> None:
    time_machine.move_to(timezone.now(), tick=False)
    first = check(assignment, student, key="a")
    second = check(assignment, student, key="b")
    assert left(assignment, student) == 0
    assert refused(lambda: check(assignment, student, key="c")) == {
        "no_self_check_left"
    }
    # The same files, sent again, are no further check.
    assert check(assignment, student, key="b") == second != first
    assert left(assignment, student_of(assignment)) == 2
    time_machine.shift(30 * 60)
    assert left(assignment, student) == 1


def test_a_check_that_failed_through_our_fault_is_given_back(
    assignment: Assignment, student: User, settings: Any
) -> None:
    settings.RETRY_SECONDS = 0
    run = check(assignment, student).run
    for _ in range(3):
        claim = claim_next(worker="w", queues=["cpu"])
        assert claim is not None
        GradingRun.objects.update(not_before=None)
        assert fail_try(claim=claim, code="runner_failed")
        GradingRun.objects.update(not_before=None)
    run.refresh_from_db()
    # Nobody of the staff has to look after it.
    assert (run.state, run.code) == ("cancelled", "runner_failed")
    assert left(assignment, student) == 2
    own = check(assignment, student)
    assert cancel_run(actor=student, run=own.run)
    assert left(assignment, student) == 1


def test_only_who_may_hand_in_may_check(assignment: Assignment, student: User) -> None:
    def trying() -> set[str]:
        return refused(lambda: check(Assignment.objects.get(), student))

    assert refused(lambda: check(assignment, student, text="{}")) == {"notebook_not"}
    SubmissionFactory.create(assignment=assignment, author=student)
    assert trying() == {"attempts_used_up"}
    Assignment.objects.update(max_attempts=None, due_at=hours(-1))
    assert trying() == {"closed"}
    Assignment.objects.update(due_at=hours(1), release_at=None)
    assert trying() == {"not_released"}
    Assignment.objects.update(release_at=hours(-1), self_check_limit=0)
    assert trying() == {"self_checks_off"}
    other = EnrolmentFactory.create().user
    Assignment.objects.update(self_check_limit=1)
    assert refused(lambda: check(Assignment.objects.get(), other)) == {"not_enrolled"}
    assert not SelfCheck.objects.exists()


# --- What it shows ----------------------------------------------------------------


def test_only_checks_that_are_shown_at_once_are_sent_stored_and_shown(
    assignment: Assignment, student: User
) -> None:
    question = assignment.revision.questions.get()  # type: ignore[union-attr]
    question.checks.append(
        {"name": "check_more", "points": "5", "visibility": "after_release"}
    )
    question.points = 7
    question.save()
    add_question(assignment, "never")
    run = SelfCheckRunFactory.create(
        self_check=SelfCheckFactory.create(assignment=assignment, author=student),
        running=True,
    )
    outcomes = (
        found("answer", check_answer=1, check_more=1),
        found("secret", check_secret=1),
    )
    assert finish_run(
        claim=claim_of(run),
        result=job_result(Verdict.COMPLETED, "completed", *outcomes),
    )
    run.refresh_from_db()
    shown = self_check_results(run, timezone.now())
    assert [each.key for each in shown.questions] == ["answer"]
    assert shown.earned == shown.points == shown.questions[0].points == 2
    assert not shown.hidden
    stored = QuestionResult.objects.get(run=run)
    assert [each["name"] for each in stored.checks] == ["check_answer"]
    assert stored.points == 2
    Assignment.objects.update(due_at=hours(-2), marks_released_at=hours(-1))
    run = GradingRun.objects.get()
    assert self_check_results(run, timezone.now()) == shown


def test_the_job_has_no_hidden_test_and_runs_the_same_cells(
    assignment: Assignment,
) -> None:
    add_question(assignment, "never")
    RevisionFileFactory.create(
        revision=assignment.revision,
        part="tests",
        name="secret.py",
        text="def check_secret(secret):\n    assert secret == 7\n",
    )
    text = small_notebook(
        "answer = 42", "# softmark: check secret", "# softmark: check answer"
    )
    whole = build_job(
        GradingRunFactory.create(
            submission=SubmissionFactory.create(assignment=assignment, notebook=text)
        )
    )
    checked = SelfCheckFactory.create(assignment=assignment, notebook=text)
    spec = build_job(SelfCheckRunFactory.create(self_check=checked))
    assert spec.questions[0] == whole.questions[0]
    (hidden,) = spec.questions[1:]
    assert (hidden.key, hidden.source, hidden.checks) == ("secret", "", ())
    assert (spec.notebook, spec.restored, spec.handout) == (
        whole.notebook,
        whole.restored,
        whole.handout,
    )


# --- What it is not ---------------------------------------------------------------


def test_a_check_is_no_attempt_and_earns_nothing(
    assignment: Assignment, student: User
) -> None:
    run = finished(check(assignment, student).run, seconds=9.0, cpu_seconds=90.0)
    assert run.state == "finished"
    assert (run.automatic_points, run.input_sha256) == (None, "")
    assert not any(model.objects.exists() for model in (Submission, Mark, MarkChange))
    assert run.results.get().points == 2
    # Its time is recorded apart: no budget is charged with it.
    (budget,) = budgets_of(assignment, student)
    assert budget.used == 0
    assert not use_in_course(assignment.course, UserFactory.create(site_staff=True))
    (used,) = self_check_use_in_course(
        assignment.course, UserFactory.create(site_staff=True)
    )
    assert (used["student"], used["runs"], used["cpu"]) == (student.pk, 1, 90.0)
    GradingRunFactory.create(
        submission=SubmissionFactory.create(assignment=assignment, author=student)
    )


def test_the_database_refuses_a_check_with_a_mark() -> None:
    run = SelfCheckRunFactory.create(finished=True)
    work = SubmissionFactory.create(assignment=run.assignment)
    for fields in (
        {"submission": work},
        {"automatic_points": 2},
        {"input_sha256": "a" * 64},
        {"trial": "solution"},
        {"self_check": None},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            GradingRun.objects.filter(pk=run.pk).update(**fields)


# --- The queue --------------------------------------------------------------------


def test_everything_else_is_run_before_checks(assignment: Assignment) -> None:
    checks = [check(assignment, student_of(assignment)).run for _ in range(3)]
    start_trials(actor=SYSTEM, revision=assignment.revision)  # type: ignore[arg-type]
    work = [
        GradingRunFactory.create(
            submission=SubmissionFactory.create(assignment=assignment),
            priority=priority,
            turn=10**9,
        )
        for priority in (0, -1, -10, -11)
    ]
    assert place_in_queue(work[0]).position == 1
    assert place_in_queue(checks[0]).position == 7
    taken = []
    while (claim := claim_next(worker="w", queues=["cpu"])) is not None:
        taken.append(claim)
    assert [claim.is_self_check for claim in taken] == [False] * 6 + [True] * 3
    # A check that waits long alarms nobody.
    assert not waiting_runs(is_live=True)


def test_checks_are_fair_between_students(assignment: Assignment) -> None:
    eager, other = student_of(assignment), student_of(assignment)
    mine = [check(assignment, eager, key=key).run.pk for key in ("a", "b")]
    theirs = check(assignment, other).run.pk
    taken = [claim_next(worker="w", queues=["cpu"]) for _ in range(3)]
    assert [claim and claim.run_id for claim in taken] == [mine[0], theirs, mine[1]]


def test_the_youngest_check_that_can_gives_way_to_a_hand_in(settings: Any) -> None:
    settings.WORKER_SLOTS = 2
    old, young = (
        SelfCheckRunFactory.create(
            running=True, worker=f"host:1:{name}", started_at=hours(since)
        )
        for name, since in (("a", -1), ("b", -0.5))
    )

    def asked(run: GradingRun) -> bool:
        claim = claim_of(run)
        claim = type(claim)(**{**vars(claim), "is_self_check": True})
        return heartbeat(claim=claim, progress=Progress()).gives_way

    assert not asked(young)
    work = GradingRunFactory.create()
    assert (asked(old), asked(young)) == (False, True)
    GradingRun.objects.filter(pk=work.pk).update(priority=-10)
    assert not asked(young)  # a rerun waits
    GradingRun.objects.filter(pk=work.pk).update(priority=0)
    for token in (2, 3, 4):
        assert asked(young)
        assert release_run(claim=claim_of(young), gives_way=True)
        young.refresh_from_db()
        assert (young.state, young.platform_tries, young.put_back_count) == (
            "queued",
            0,
            0,
        )
        GradingRun.objects.filter(pk=young.pk).update(
            state=State.RUNNING,
            lease_token=token,
            lease_expires_at=hours(1),
            worker="host:1:b",
            started_at=hours(-0.1),
        )
        young.refresh_from_db()
    # It has been begun four times: now it is run to its end, and stands for nobody.
    assert (asked(old), asked(young)) == (True, False)
    GradingRunFactory.create()  # one more hand-in waits, and no check can make room
    assert (asked(old), asked(young)) == (True, False)


# --- Its files --------------------------------------------------------------------


def test_the_checked_files_are_handed_in_as_they_are(
    assignment: Assignment, student: User
) -> None:
    checked = check(assignment, student, text=small_notebook("answer = 42"))
    run = hand_in_checked_files(actor=student, self_check=checked)
    assert (run.work.attempt, run.work.author, run.priority) == (1, student, 0)
    assert run.work.files.get().sha256 == checked.files.get().sha256
    assert run.work.files.get().original_name == "mine.ipynb"
    # Pressing twice makes one attempt.
    assert hand_in_checked_files(actor=student, self_check=checked) == run
    checked.refresh_from_db()
    assert checked.handed_in_as == run.work
    other = SelfCheckFactory.create(assignment=assignment, author=student)
    assert refused(lambda: hand_in_checked_files(actor=student, self_check=other)) == {
        "attempts_used_up"
    }


def test_old_files_go_and_results_stay(assignment: Assignment, student: User) -> None:
    checked = check(assignment, student)
    run = finished(checked.run, seconds=1.0)
    hashes = {checked.files.get().sha256, run.executed_sha256}
    waiting = check(assignment, student)
    SelfCheck.objects.filter(pk=checked.pk).update(asked_at=hours(-24 * 0.9))
    assert drop_self_check_files(actor=SYSTEM, now=timezone.now()) == 0
    SelfCheck.objects.update(asked_at=hours(-24 * 1.1))
    assert drop_self_check_files(actor=SYSTEM, now=timezone.now()) == 1
    run.refresh_from_db()
    assert run.executed_sha256 == ""
    assert self_check_results(run, timezone.now()).earned == 2
    # The one that still waits keeps its own, of the same content.
    GradingRun.objects.filter(pk=waiting.run.pk).delete()
    SelfCheck.objects.filter(pk=waiting.pk).delete()
    assert unnamed_among(hashes) == hashes
    dropped = SelfCheck.objects.get()
    assert refused(
        lambda: hand_in_checked_files(actor=student, self_check=dropped)
    ) == {"files_dropped"}
    assert drop_self_check_files(actor=SYSTEM, now=timezone.now()) == 0


def checked_a_day_ago(assignment: Assignment, student: User, text: str) -> None:
    """Check a notebook, and let its files go."""
    check(assignment, student, text=text)
    now = timezone.now()
    GradingRun.objects.update(state=State.CANCELLED, finished_at=now)
    SelfCheck.objects.update(asked_at=hours(-25))
    drop_self_check_files(actor=SYSTEM, now=now)


def test_what_checks_let_go_bounds_further_checks_and_no_hand_in(
    assignment: Assignment, student: User, settings: Any
) -> None:
    """The store keeps it for two graces more, so the quota alone is no bound."""
    texts = [small_notebook(f"x = {number}") for number in range(5)]
    settings.STUDENT_QUOTA_BYTES = len(texts[0])
    Assignment.objects.update(self_check_limit=20)
    assignment.refresh_from_db()
    for text in texts[:3]:
        checked_a_day_ago(assignment, student, text)
    assert refused(lambda: check(assignment, student, text=texts[3])) == {
        "checks_take_room"
    }
    checked_a_day_ago(assignment, student, texts[2])  # the store has it already
    notebook = IncomingFile(
        name="work.ipynb",
        original_name="mine.ipynb",
        content=io.BytesIO(texts[4].encode()),
        size=len(texts[4]),
    )
    submit_work(
        actor=student,
        assignment=assignment,
        files=[notebook],
        started_at=timezone.now(),
    )
