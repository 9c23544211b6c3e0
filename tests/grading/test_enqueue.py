"""The row is the queue: it is stored with the submission, then a wake-up is sent."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from accounts.actors import SYSTEM
from formats.choices import Counting
from grading.models import GradingRun
from grading.services import claim_next, enqueue_run, finish_run, rerun
from grading.states import State
from submissions.models import Submission
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    RegradeFactory,
    SubmissionFactory,
)
from tests.grading.fakes import job_result

pytestmark = pytest.mark.django_db


def three_attempts(counting: str = Counting.LATEST) -> list[Submission]:
    assignment = AssignmentFactory.create(counting=counting)
    student = EnrolmentFactory.create(course=assignment.course).user
    return [
        SubmissionFactory.create(assignment=assignment, author=student)
        for _ in range(3)
    ]


def states() -> list[str]:
    return list(
        GradingRun.objects.order_by("submission__attempt").values_list(
            "state", flat=True
        )
    )


def test_an_enqueued_run_waits_with_its_first_event() -> None:
    submission = SubmissionFactory.create()
    run = enqueue_run(actor=submission.author, submission=submission)
    assert (run.state, run.number, run.revision) == ("queued", 1, submission.revision)
    event = run.events.get()
    assert (event.source, event.target, event.actor) == (
        "",
        "queued",
        submission.author,
    )


def test_earlier_queued_attempts_are_superseded() -> None:
    for submission in three_attempts():
        enqueue_run(actor=SYSTEM, submission=submission)
    assert states() == [State.SUPERSEDED, State.SUPERSEDED, State.QUEUED]


def test_handing_in_again_does_not_end_the_rerun_that_staff_started() -> None:
    first, second, _ = three_attempts()
    GradingRunFactory.create(submission=first, finished=True)
    again = rerun(actor=SYSTEM, submission=first)
    enqueue_run(actor=second.author, submission=second)
    again.refresh_from_db()
    assert again.state == State.QUEUED


def test_handing_in_again_does_not_end_the_run_of_a_regrade() -> None:
    first, second, _ = three_attempts()
    regrade = RegradeFactory.create(assignment=first.assignment)
    run = GradingRunFactory.create(submission=first, regrade=regrade)
    enqueue_run(actor=second.author, submission=second)
    run.refresh_from_db()
    assert run.state == State.QUEUED


def test_where_the_best_attempt_counts_every_attempt_is_run() -> None:
    for submission in three_attempts(Counting.BEST):
        enqueue_run(actor=SYSTEM, submission=submission)
    assert states() == [State.QUEUED] * 3


def test_a_running_attempt_continues() -> None:
    first, second, _ = three_attempts()
    enqueue_run(actor=SYSTEM, submission=first)
    claim_next(worker="w", queues=["cpu"])
    enqueue_run(actor=SYSTEM, submission=second)
    assert states() == [State.RUNNING, State.QUEUED]


def test_an_earlier_attempt_run_again_does_not_supersede_a_later_one() -> None:
    first, second, _ = three_attempts()
    enqueue_run(actor=SYSTEM, submission=second)
    enqueue_run(actor=SYSTEM, submission=first)
    assert states() == [State.QUEUED, State.QUEUED]


def test_other_students_and_other_assignments_are_left_alone() -> None:
    first = SubmissionFactory.create()
    classmate = SubmissionFactory.create(assignment=first.assignment)
    other = SubmissionFactory.create(
        author=first.author, assignment__course=first.assignment.course
    )
    for submission in (first, classmate, other):
        enqueue_run(actor=SYSTEM, submission=submission)
    assert states() == [State.QUEUED] * 3


def test_enqueuing_twice_returns_the_queued_run() -> None:
    submission = SubmissionFactory.create()
    run = enqueue_run(actor=SYSTEM, submission=submission)
    assert enqueue_run(actor=SYSTEM, submission=submission) == run


def test_after_an_end_the_next_run_has_the_next_number() -> None:
    submission = SubmissionFactory.create()
    enqueue_run(actor=SYSTEM, submission=submission)
    claim = claim_next(worker="w", queues=["cpu"])
    assert claim is not None
    finish_run(claim=claim, result=job_result())
    assert enqueue_run(actor=SYSTEM, submission=submission).number == 2


def test_the_wake_up_waits_for_the_commit(
    woken: list[str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    submission = SubmissionFactory.create()
    with django_capture_on_commit_callbacks(execute=True):
        run = enqueue_run(actor=SYSTEM, submission=submission)
        assert woken == []
    assert woken == [str(run.pk)]
    run.refresh_from_db()
    assert run.woken_at is not None


def test_a_rolled_back_run_sends_no_wake_up(
    woken: list[str], django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    submission = SubmissionFactory.create()
    with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
        enqueue_run(actor=SYSTEM, submission=submission)
        transaction.set_rollback(True)
    assert (woken, GradingRun.objects.count()) == ([], 0)
