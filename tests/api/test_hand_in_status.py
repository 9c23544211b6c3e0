"""What the API says before somebody hands in: refusals, lateness, an open attempt."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from courses.models import Assignment
from formats.choices import LateMode
from tests.api.asking import get
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    OpenedAttemptFactory,
    SubmissionFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(max_attempts=2)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def status(user: User, assignment: Assignment) -> dict[str, Any]:
    return dict(get(user, f"assignments/{assignment.pk}/hand-in/"))


def refusals(user: User, assignment: Assignment) -> list[str]:
    return [each["code"] for each in status(user, assignment)["refusals"]]


def test_work_that_is_on_time_costs_nothing(
    student: User, assignment: Assignment
) -> None:
    found = status(student, assignment)
    assert found.pop("asked_at")
    quota = assignment.course.quota_bytes
    assert found == {
        "refusals": [],
        "is_late": False,
        "cost_now": "",
        "late_days": "",
        "attempts_left": 2,
        "quota": {
            "course": assignment.course.slug,
            "used_bytes": 0,
            "quota_bytes": quota,
        },
        "opened_attempt": None,
    }


def test_late_work_costs_what_the_rule_takes(
    student: User, assignment: Assignment
) -> None:
    assignment.late_mode, assignment.late_step = LateMode.POSSIBLE, Decimal(50)
    assignment.due_at, assignment.closes_at = hours(-2), hours(2)
    assignment.save()
    found = status(student, assignment)
    assert found["is_late"] is True
    assert found["cost_now"].endswith("at most 1 of 2 points.")
    assert found["refusals"] == []


def test_every_refusal_is_listed(student: User, assignment: Assignment) -> None:
    SubmissionFactory.create_batch(2, assignment=assignment, author=student)
    assignment.due_at = hours(-2)
    assignment.save()
    assert refusals(student, assignment) == ["closed", "attempts_used_up"]
    assistant = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    assert refusals(assistant, assignment) == ["not_enrolled"]


def test_the_open_attempt_is_the_reader_s_own(
    student: User, assignment: Assignment
) -> None:
    opened = OpenedAttemptFactory.create(assignment=assignment, author=student)
    other = EnrolmentFactory.create(course=assignment.course).user
    found = status(student, assignment)["opened_attempt"]
    assert found["id"] == str(opened.pk)
    assert [file["name"] for file in found["files"]] == ["work.ipynb"]
    assert status(other, assignment)["opened_attempt"] is None
