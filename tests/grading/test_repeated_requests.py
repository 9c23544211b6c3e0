"""A hand-in that a proxy sends twice gives one receipt and uses one attempt.

The second request arrives after the first one has been answered, or while it is still
being stored. Threads have their own connections, on the database that the tests run on.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest
from django.db import connection, connections
from django.test import Client

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun
from grading.services import submit
from grading.services.run_queue import enqueue_run
from submissions.models import Submission
from tests.api.asking import notebook_file, session_of
from tests.factories import AssignmentFactory, EnrolmentFactory
from tests.grading.pages import form
from tests.services.locks import wait_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS: Final = 6
Send = Callable[[Client, Assignment], str]


def by_form(client: Client, assignment: Assignment) -> str:
    """Hand in by the page; return the address of the run."""
    answer = client.post(f"{assignment.get_absolute_url()}submit/", form())
    assert answer.status_code == 303, answer.content
    return answer["Location"]


def by_api(client: Client, assignment: Assignment) -> str:
    """Hand in with an idempotency key; return the ids of the receipt and of the run."""
    fields = {"assignment": assignment.pk, "declaration": "true"}
    answer = client.post(
        "/api/v1/submissions/",
        {**fields, "work.ipynb": notebook_file()},
        headers={"Idempotency-Key": "sent-twice"},
    )
    assert answer.status_code == 201, answer.content
    receipt = answer.json()
    return f"{receipt['submission']['id']} {receipt['run']['id']}"


WAYS: Final = pytest.mark.parametrize("send", [by_form, by_api])


@pytest.fixture
def assignment() -> Assignment:
    """Give coursework with one attempt: a second one would be refused."""
    return AssignmentFactory.create(max_attempts=1)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def check_one_attempt(assignment: Assignment, student: User) -> None:
    (submission,) = Submission.objects.filter(assignment=assignment, author=student)
    assert (submission.attempt, submission.uses_attempt) == (1, True)
    assert submission.files.count() == 1
    assert GradingRun.objects.filter(submission=submission).count() == 1


@WAYS
def test_request_sent_again_after_the_answer_gets_the_same_receipt(
    assignment: Assignment, student: User, send: Send
) -> None:
    client = session_of(student)
    assert send(client, assignment) == send(client, assignment)
    check_one_attempt(assignment, student)


@WAYS
def test_request_sent_many_times_at_once_gets_one_receipt(
    assignment: Assignment, student: User, send: Send
) -> None:
    start = threading.Barrier(SENDERS)

    def one(client: Client) -> str:
        start.wait(timeout=30)
        return in_own_connection(send, client, assignment)

    clients = [session_of(student) for _ in range(SENDERS)]
    with ThreadPoolExecutor(SENDERS) as senders:
        receipts = set(senders.map(one, clients))
    assert len(receipts) == 1
    check_one_attempt(assignment, student)


@WAYS
def test_request_sent_again_while_the_first_is_stored_waits_for_its_receipt(
    assignment: Assignment,
    student: User,
    send: Send,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first has written its rows, and commits once the second waits for it."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite locks the whole file: the second waits at its first write")
    is_first_stored = threading.Event()
    clients = [session_of(student) for _ in range(2)]

    def enqueue(**values: Any) -> GradingRun:
        is_first_stored.set()
        wait_for_a_lock()
        return enqueue_run(**values)

    monkeypatch.setattr(submit, "enqueue_run", enqueue)
    with ThreadPoolExecutor(2) as senders:
        first, second = clients
        firsts = senders.submit(in_own_connection, send, first, assignment)
        assert is_first_stored.wait(timeout=30)
        seconds = senders.submit(in_own_connection, send, second, assignment)
        assert firsts.result(timeout=60) == seconds.result(timeout=60)
    check_one_attempt(assignment, student)


def in_own_connection(send: Send, client: Client, assignment: Assignment) -> str:
    try:
        return send(client, assignment)
    finally:
        connections.close_all()
