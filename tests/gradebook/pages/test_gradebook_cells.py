"""Entered points are changed in their cell of the gradebook, one by one."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark
from grading.services.mark_adjustment import adjust_mark
from tests.factories import EnrolmentFactory, EnteredAssignmentFactory
from tests.grading.entered import enter, lecturer_of
from tests.grading.pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def exam() -> Assignment:
    made: Assignment = EnteredAssignmentFactory.create(weight_percent=100)
    return made


@pytest.fixture
def student(exam: Assignment) -> User:
    found: User = EnrolmentFactory.create(course=exam.course).user
    return found


@pytest.fixture
def client(exam: Assignment) -> Client:
    return signed_in(lecturer_of(exam))


def send(
    client: Client, exam: Assignment, student: User, points: str, seen: str = ""
) -> Any:
    address = reverse("gradebook:gradebook-cell", args=[exam.course.slug])
    given = {"assignment": exam.pk, "student": student.pk}
    return client.post(address, {**given, "points": points, "seen": seen})


def test_a_mark_is_stored_and_the_row_comes_back_with_the_total(
    exam: Assignment, student: User, client: Client
) -> None:
    row = send(client, exam, student, "62,5").json()["row"]
    assert 'data-entry="62.5"' in row
    assert "62.5 %" in row
    assert student.name in row
    assert Mark.objects.get().changes.get().reason == "Entered"


def test_the_field_has_what_was_entered_without_an_adjustment(
    exam: Assignment, student: User, client: Client
) -> None:
    enter(exam, student, "60")
    adjust_mark(
        actor=lecturer_of(exam),
        assignment=exam,
        student=student,
        by=Decimal(3),
        reason="x",
    )
    answer = client.get(reverse("gradebook:gradebook", args=[exam.course.slug]))
    (row,) = answer.context["page"].rows
    (cell,) = row.cells
    assert cell.entry.seen == "60"
    assert cell.points == 63
    assert cell.url == reverse(
        "grading:mark-history", args=[exam.course.slug, exam.slug, student.pk]
    )


@pytest.mark.parametrize(
    ("points", "says"), [("x", "Enter a number"), ("101", "Enter at most 100 points.")]
)
def test_a_fault_is_said_in_words(
    exam: Assignment, student: User, client: Client, points: str, says: str
) -> None:
    answer = send(client, exam, student, points)
    assert answer.status_code == 422
    assert says in answer.json()["error"]
    assert not Mark.objects.exists()


def test_the_loser_is_told_what_is_there_now(
    exam: Assignment, student: User, client: Client
) -> None:
    enter(exam, student, "60")
    answer = send(client, exam, student, "70")
    assert answer.status_code == 409
    said = answer.json()
    assert said["seen"] == "60"
    assert "Meanwhile, this mark was changed to 60 by" in said["error"]
    assert send(client, exam, student, "70", said["seen"]).status_code == 200


def test_nobody_gets_a_mark_of_another_course(
    exam: Assignment, student: User, client: Client
) -> None:
    stranger = EnrolmentFactory.create().user
    assert send(client, exam, stranger, "5").status_code == 422
    other = EnteredAssignmentFactory.create()
    given = {"assignment": other.pk, "student": student.pk, "points": "5"}
    address = reverse("gradebook:gradebook-cell", args=[exam.course.slug])
    assert client.post(address, given).status_code == 404


def test_assistants_change_none_of_an_anonymous_exam(
    exam: Assignment, student: User
) -> None:
    Assignment.objects.update(marking_is_anonymous=True)
    assistant = EnrolmentFactory.create(course=exam.course, assistant=True).user
    assert send(signed_in(assistant), exam, student, "5").status_code == 403
