"""Of many concurrent actions exactly one wins, on real database connections."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final, TypeVar

import pytest
from django.db import connections

from accounts.actors import SYSTEM
from grading.models import GradingRun, Mark, SelfCheck
from grading.services import (
    Claim,
    cancel_run,
    check_work,
    claim_next,
    enqueue_run,
    fail_try,
    finish_run,
    sweep,
)
from grading.states import State
from submissions.exceptions import SubmissionRefusedError
from submissions.services import IncomingFile
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    hours,
    small_notebook,
)
from tests.grading.fakes import claim_of, job_result

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
THREADS: Final = 8
ROUNDS: Final = 50


def all_at_once(*actions: Callable[[], T]) -> list[T]:
    """Return each action's result; all start at the same moment in own threads."""
    barrier = threading.Barrier(len(actions))

    def act(action: Callable[[], T]) -> T:
        try:
            barrier.wait(10)
            return action()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def claim() -> Claim | None:
    return claim_next(worker=threading.current_thread().name, queues=["cpu"])


def test_one_run_is_claimed_once() -> None:
    submission = SubmissionFactory.create()
    for _ in range(ROUNDS):
        run = GradingRunFactory.create(submission=submission)
        claims = all_at_once(*[claim] * THREADS)
        assert len([won for won in claims if won]) == 1
        run.refresh_from_db()
        assert (run.lease_token, run.events.count()) == (1, 1)
        assert fail_try(claim=claim_of(run), code="runner_failed")
        assert cancel_run(actor=SYSTEM, run=run)


def test_many_runs_are_claimed_by_one_worker_each() -> None:
    runs = {GradingRunFactory.create().pk for _ in range(THREADS)}
    claims = all_at_once(*[claim] * THREADS)
    assert {won.run_id for won in claims if won} == runs


def test_sweepers_at_once_have_one_effect() -> None:
    runs = [
        GradingRunFactory.create(running=True, lease_expires_at=hours(-1))
        for _ in range(5)
    ]
    reports = all_at_once(*[sweep] * THREADS)
    assert sum(report.expired for report in reports) == 5
    for run in runs:
        run.refresh_from_db()
        assert (run.state, run.platform_tries, run.events.count()) == ("queued", 1, 1)


def test_a_run_is_never_both_cancelled_and_finished() -> None:
    submission = SubmissionFactory.create()
    for _ in range(10):
        run = GradingRunFactory.create(submission=submission, running=True)
        all_at_once(
            partial(cancel_run, actor=SYSTEM, run=run),
            partial(finish_run, claim=claim_of(run), result=job_result()),
            partial(fail_try, claim=claim_of(run), code="runner_failed"),
        )
        run.refresh_from_db()
        if run.state == State.QUEUED:
            assert cancel_run(actor=SYSTEM, run=run)
        elif run.state == State.RUNNING:
            pytest.fail("the run was let go of by nobody")
        run.refresh_from_db()
        assert run.is_terminal
        assert run.results.count() == (run.state == State.FINISHED)


def test_two_attempts_that_finish_at_once_give_the_right_mark() -> None:
    for _ in range(10):
        first = GradingRunFactory.create(running=True)
        later = GradingRunFactory.create(
            submission=SubmissionFactory.create(
                assignment=first.work.assignment, author=first.work.author
            ),
            running=True,
        )
        all_at_once(
            partial(finish_run, claim=claim_of(first), result=job_result()),
            partial(finish_run, claim=claim_of(later), result=job_result()),
        )
        mark = Mark.objects.get(student=first.work.author)
        assert (mark.run, mark.changes.count()) == (later, 1)


def test_enqueuing_at_once_makes_one_run() -> None:
    submission = SubmissionFactory.create(author=EnrolmentFactory.create().user)
    runs = all_at_once(
        *[lambda: enqueue_run(actor=SYSTEM, submission=submission)] * THREADS
    )
    assert {run.pk for run in runs} == {GradingRun.objects.get().pk}


def test_checks_at_once_use_no_more_than_are_left() -> None:
    assignment = AssignmentFactory.create(self_check_limit=3)
    student = EnrolmentFactory.create(course=assignment.course).user

    def check(number: int) -> str:
        data = small_notebook(f"answer = {number}").encode()
        file = IncomingFile(
            name="work.ipynb",
            original_name="work.ipynb",
            content=io.BytesIO(data),
            size=len(data),
        )
        try:
            check_work(actor=student, assignment=assignment, files=[file])
        except SubmissionRefusedError as error:
            return str(error)
        return "made"

    made = all_at_once(*[partial(check, number) for number in range(THREADS)])
    assert set(made) == {"made", "no_self_check_left"}
    assert made.count("made") == SelfCheck.objects.count() == 3
