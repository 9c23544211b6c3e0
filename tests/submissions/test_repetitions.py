"""Sending the same files again under the same key gives the same submission."""

import pytest
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from tests.factories import AssignmentFactory, EnrolmentFactory, hours
from tests.submissions.builders import code_cell, incoming, notebook_bytes
from tests.submissions.storing import create_submission

pytestmark = pytest.mark.django_db
OTHER = notebook_bytes(code_cell("x = 2"))


def send(
    actor: User, assignment: Assignment, key: str, data: bytes | None = None
) -> Submission:
    return create_submission(
        actor=actor,
        assignment=assignment,
        files=[incoming(data)],
        started_at=timezone.now(),
        idempotency_key=key,
    )


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def test_double_click_makes_one_submission(
    assignment: Assignment, student: User
) -> None:
    assert send(student, assignment, "k") == send(student, assignment, "k")
    assert Submission.objects.count() == 1


def test_no_key_makes_a_new_attempt(assignment: Assignment, student: User) -> None:
    assert send(student, assignment, "") != send(student, assignment, "")


def test_other_key_makes_a_new_attempt(assignment: Assignment, student: User) -> None:
    assert send(student, assignment, "a") != send(student, assignment, "b")


def test_other_files_under_the_same_key_are_a_new_attempt(
    assignment: Assignment, student: User
) -> None:
    first = send(student, assignment, "k")
    second = send(student, assignment, "k", OTHER)
    assert (first.attempt, second.attempt) == (1, 2)
    assert send(student, assignment, "k", OTHER) == second


def test_key_of_a_classmate_is_another_key(
    assignment: Assignment, student: User
) -> None:
    classmate = EnrolmentFactory.create(course=assignment.course).user
    assert send(student, assignment, "k") != send(classmate, assignment, "k")


def test_same_key_for_another_assignment_is_another_key(
    assignment: Assignment, student: User
) -> None:
    other = AssignmentFactory.create(course=assignment.course)
    assert send(student, assignment, "k") != send(student, other, "k")


def test_retry_after_the_last_attempt_gets_its_receipt(student: User) -> None:
    assignment = Assignment.objects.get()
    assignment.max_attempts = 1
    assignment.save()
    first = send(student, assignment, "k")
    assert send(student, assignment, "k") == first
    with pytest.raises(SubmissionRefusedError):
        send(student, assignment, "k", OTHER)


def test_retry_after_closing_gets_its_receipt(student: User) -> None:
    assignment = Assignment.objects.get()
    first = send(student, assignment, "k")
    assignment.due_at = hours(-1)
    assignment.save()
    assert send(student, assignment, "k") == first


def test_long_and_unusual_keys_are_accepted(
    assignment: Assignment, student: User
) -> None:
    key = "\0\udc80" + "x" * 10_000
    assert send(student, assignment, key) == send(student, assignment, key)
    assert len(Submission.objects.get().idempotency_key) == 64
