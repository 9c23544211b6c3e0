"""Marks are released on a page that shows each student's view and all objections."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Assignment, CourseChange
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkFactory,
    QuestionFactory,
    RevisionFactory,
    SubmissionFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Give an assignment past its deadline, with one hidden check."""
    found = AssignmentFactory.create(due_at=hours(-5), release_at=hours(-50))
    revision = RevisionFactory.create(assignment=found)
    checks = [{"name": "a", "points": "2", "visibility": "after_release"}]
    QuestionFactory.create(revision=revision, key="hidden", checks=checks)
    found.revision = revision
    found.save()
    return found


@pytest.fixture
def page(assignment: Assignment) -> Client:
    client = Client()
    enrolment = EnrolmentFactory.create(course=assignment.course, lecturer=True)
    client.force_login(enrolment.user)
    return client


def address(assignment: Assignment) -> str:
    return reverse("grading:release", args=[assignment.course.slug, assignment.slug])


def post(page: Client, assignment: Assignment, **form: str) -> Any:
    answer = page.post(address(assignment), {"when": "now", **form})
    assignment.refresh_from_db()
    return answer


def test_the_page_says_what_each_student_would_see(
    page: Client, assignment: Assignment
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    EnrolmentFactory.create(course=assignment.course)
    MarkFactory.create(assignment=assignment, student=student, adjustment=7)
    plan = page.get(address(assignment)).context["plan"]
    assert [mark.student for mark in plan.marks] == [student]
    assert plan.without_mark == 1
    assert [hidden.points for hidden in plan.hidden] == [2]
    assert not plan.problems


def test_after_release_students_see_final_marks_and_are_told(
    page: Client, assignment: Assignment
) -> None:
    assert post(page, assignment).status_code == 302
    assert assignment.marks_are_released
    change = CourseChange.objects.get()
    assert change.is_public
    assert "released" in change.summary


def test_marks_are_provisional_until_the_release_time(
    page: Client, assignment: Assignment
) -> None:
    at = timezone.localtime(hours(48)).strftime("%Y-%m-%dT%H:%M")
    post(page, assignment, when="later", at=at)
    assert assignment.marks_released_at is not None
    assert not assignment.marks_are_released


def test_without_a_time_nothing_is_released(
    page: Client, assignment: Assignment
) -> None:
    assert post(page, assignment, when="later").status_code == 422
    assert assignment.marks_released_at is None


@pytest.mark.parametrize("case", ["open", "extension", "running", "unmarked"])
def test_objections_must_be_confirmed_before_the_release(
    page: Client, assignment: Assignment, case: str
) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    if case == "open":
        Assignment.objects.update(closes_at=hours(5))
    elif case == "extension":
        ExtensionFactory.create(assignment=assignment, student=student, due_at=hours(5))
    elif case == "unmarked":
        ManualQuestionFactory.create(revision=assignment.revision)
        MarkFactory.create(
            run=GradingRunFactory.create(
                submission__assignment=assignment,
                submission__author=student,
                finished=True,
            )
        )
    else:
        work = SubmissionFactory.create(assignment=assignment, author=student)
        GradingRunFactory.create(submission=work)
    answer = post(page, assignment)
    assert answer.status_code == 422
    assert answer.context["plan"].problems
    assert assignment.marks_released_at is None
    assert post(page, assignment, despite_problems="on").status_code == 302
    assert assignment.marks_are_released


def test_open_hand_in_is_no_problem_where_nothing_is_hidden(
    page: Client, assignment: Assignment
) -> None:
    Assignment.objects.update(closes_at=hours(5), revision=None)
    assert post(page, assignment).status_code == 302


def test_a_later_release_counts_what_is_open_then(
    page: Client, assignment: Assignment
) -> None:
    Assignment.objects.update(closes_at=hours(5))
    at = timezone.localtime(hours(48)).strftime("%Y-%m-%dT%H:%M")
    assert post(page, assignment, when="later", at=at).status_code == 302


def test_a_withdrawn_release_is_recorded_and_marks_are_provisional(
    page: Client, assignment: Assignment
) -> None:
    post(page, assignment)
    post(page, assignment, take_back="all", reason="A wrong key.")
    assert assignment.marks_released_at is None
    (why,) = CourseChange.objects.filter(reason="A wrong key.")
    assert not why.is_public
    assert CourseChange.objects.count() == 3
