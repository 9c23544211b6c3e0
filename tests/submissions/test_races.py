"""Concurrent submissions never exceed the limit, and a double click makes one.

Threads have their own connections, on the database that the tests run on.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from tests.factories import AssignmentFactory, EnrolmentFactory, SubmissionFactory
from tests.submissions.builders import incoming
from tests.submissions.storing import create_submission

pytestmark = pytest.mark.django_db(transaction=True)
SENDERS = 10


def at_once(send: Callable[[int], Submission]) -> list[Submission | None]:
    """Return the result of each of ten concurrent senders; None where refused."""
    start = threading.Barrier(SENDERS)

    def one(number: int) -> Submission | None:
        start.wait(timeout=30)
        try:
            return send(number)
        except SubmissionRefusedError:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(SENDERS) as senders:
        return list(senders.map(one, range(SENDERS)))


def sender(
    actor: User, assignment: Assignment, *, key: str = ""
) -> Callable[[int], Submission]:
    def send(_: int) -> Submission:
        return create_submission(
            actor=actor,
            assignment=assignment,
            files=[incoming()],
            started_at=timezone.now(),
            idempotency_key=key,
        )

    return send


def test_with_one_attempt_left_exactly_one_of_ten_is_accepted() -> None:
    assignment = AssignmentFactory.create(max_attempts=3)
    student = EnrolmentFactory.create(course=assignment.course).user
    for _ in range(2):
        SubmissionFactory.create(assignment=assignment, author=student)
    taken = at_once(sender(student, assignment))
    assert [each.attempt for each in taken if each] == [3]
    assert Submission.objects.count() == 3


def test_ten_clicks_on_one_form_make_one_submission() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    taken = at_once(sender(student, assignment, key="form"))
    assert len({each.pk for each in taken if each}) == 1
    assert Submission.objects.get().files.count() == 1


def test_attempts_without_a_limit_are_numbered_without_gaps() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    taken = at_once(sender(student, assignment))
    assert sorted(each.attempt for each in taken if each) == list(range(1, 11))


def test_ten_students_at_once_are_all_accepted() -> None:
    assignment = AssignmentFactory.create(max_attempts=1)
    students = [
        EnrolmentFactory.create(course=assignment.course).user for _ in range(SENDERS)
    ]
    taken = at_once(lambda number: sender(students[number], assignment)(number))
    assert all(taken)
