"""The wait between two attempts: when it ends, whom it stops, and what it says."""

import datetime as dt
from collections.abc import Iterator

import pytest
import time_machine
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.services.submit import finish_attempt
from submissions.attempt_opening import open_attempt
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import next_attempt_at, refusals_at
from tests.factories import AssignmentFactory, SubmissionFactory
from tests.grading.pages import signed_in, student_of, words
from tests.submissions.opened import declared, opened, send

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2027, 3, 10, 12, 0, 20, tzinfo=dt.UTC)


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def assignment() -> Assignment:
    row: Assignment = AssignmentFactory.create(
        cooldown_minutes=30, due_at=NOW + dt.timedelta(days=1)
    )
    return row


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


def attempt(assignment: Assignment, student: User, ago: float) -> Submission:
    at = NOW - minutes(ago)
    row: Submission = SubmissionFactory.create(
        assignment=assignment, author=student, started_at=at, received_at=at
    )
    return row


def codes(student: User, assignment: Assignment) -> list[str]:
    return [each.code for each in refusals_at(student, assignment, NOW)]


def test_the_wait_ends_at_a_whole_minute_after_the_last_attempt(
    assignment: Assignment, student: User, clock: time_machine.Traveller
) -> None:
    assert codes(student, assignment) == []
    attempt(assignment, student, ago=50)
    attempt(assignment, student, ago=10)
    again = dt.datetime(2027, 3, 10, 12, 21, tzinfo=dt.UTC)
    assert next_attempt_at(student, assignment) == again
    (refusal,) = refusals_at(student, assignment, NOW)
    assert "Wed 10 Mar 2027, 12:21 GMT" in refusal.hint
    clock.move_to(again)
    assert codes(student, assignment) == []


def test_others_and_attempts_that_our_fault_stopped_cost_no_wait(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student_of(assignment), ago=1)
    refunded = attempt(assignment, student, ago=1)
    Submission.objects.filter(pk=refunded.pk).update(uses_attempt=False)
    assert codes(student, assignment) == []


def test_an_upload_is_not_opened_during_the_wait(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, ago=10)
    with pytest.raises(SubmissionRefusedError, match="cooldown"):
        open_attempt(
            actor=student, assignment=assignment, files=[declared()], opened_at=NOW
        )


def test_an_upload_opened_before_another_attempt_is_handed_in_after_the_wait(
    assignment: Assignment, student: User, clock: time_machine.Traveller
) -> None:
    """It counts from its opening, so it must not be compared by that time."""
    attempt(assignment, student, ago=10)
    opened_at = NOW - minutes(15)
    assert "cooldown" in [e.code for e in refusals_at(student, assignment, opened_at)]
    clock.shift(minutes(25))
    assert refusals_at(student, assignment, opened_at) == []


def test_handing_in_an_opened_attempt_begins_a_wait(
    assignment: Assignment, student: User, clock: time_machine.Traveller
) -> None:
    """It counts from its opening, and the wait runs from when it was handed in."""
    work = opened(student, assignment)
    send(work.uploads.get(), at=NOW)
    clock.shift(minutes(40))
    finish_attempt(actor=student, opened=work)
    assert Submission.objects.get().received_at == NOW
    assert codes(student, assignment) == ["cooldown"]
    page = words(signed_in(student).get(assignment.get_absolute_url()))
    assert "Wait before the next attempt" in page
    clock.shift(minutes(31))
    assert codes(student, assignment) == []


def test_the_page_says_when_the_next_attempt_is_possible(
    assignment: Assignment, student: User
) -> None:
    client = signed_in(student)
    assert "30 minutes after this attempt" in words(
        client.get(assignment.get_absolute_url())
    )
    attempt(assignment, student, ago=10)
    text = words(client.get(assignment.get_absolute_url()))
    assert "Wait before the next attempt" in text
    assert "12:21" in text
    form = reverse("grading:submit", args=[assignment.course.slug, assignment.slug])
    refused = words(client.post(form, {"declaration": "yes"}))
    assert "Not handed in Between two attempts at this coursework" in refused
    assert "You can hand in the next one from Wed 10 Mar 2027, 12:21 GMT" in refused
