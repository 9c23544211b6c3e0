"""A request is granted with the asked or another date, or refused, once."""

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Extension, ExtensionRequest
from grading.models import Mark
from tests.factories import EnrolmentFactory, ExtensionRequestFactory
from tests.grading.pages import signed_in, student_of, words
from tests.grading.test_late_marks import attempt, make_assignment, marked

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return make_assignment()


@pytest.fixture
def row(assignment: Assignment) -> ExtensionRequest:
    return ExtensionRequestFactory.create(
        assignment=assignment, student=student_of(assignment)
    )


@pytest.fixture
def lecturer(assignment: Assignment) -> Client:
    enrolled = EnrolmentFactory.create(course=assignment.course, lecturer=True)
    return signed_in(enrolled.user)


def url_of(row: ExtensionRequest) -> str:
    names = [row.assignment.course.slug, row.pk]
    return reverse("grading:extension-answer", args=names)


def test_marks_that_would_change_are_shown_before_another_date_is_granted(
    row: ExtensionRequest, lecturer: Client
) -> None:
    attempt(row.assignment, row.student, "75", 1)
    marked(row.assignment, row.student)
    form = {"due_at": "2099-01-05T12:00", "answer": "Two days more."}
    answer = lecturer.post(url_of(row), form)
    assert "1 mark would change" in words(answer)
    assert not Extension.objects.exists()
    lecturer.post(url_of(row), {**form, "seen": answer.context["plan"].digest})
    row.refresh_from_db()
    assert row.state == "granted"
    assert Extension.objects.get().due_at == row.granted_due_at
    assert Mark.objects.get().final_points == 75
    names = [row.assignment.course.slug, row.assignment.slug]
    own = signed_in(row.student).get(reverse("grading:extension-request", args=names))
    assert "Answer: Two days more." in words(own)


def test_a_refusal_needs_words_and_an_answer_is_final(
    row: ExtensionRequest, lecturer: Client
) -> None:
    assert "Write an answer" in words(lecturer.post(url_of(row), {"refuse": "1"}))
    given = {"refuse": "1", "answer": "Too late."}
    assert lecturer.post(url_of(row), given).status_code == 302
    answer = lecturer.post(url_of(row), {"due_at": "2099-01-05T12:00"})
    assert answer.status_code == 422
    row.refresh_from_db()
    assert (row.state, Extension.objects.count()) == ("refused", 0)


def test_a_date_that_is_no_extension_is_refused(
    row: ExtensionRequest, lecturer: Client
) -> None:
    for due_at, part in (("", "Give the date"), ("2020-01-05T12:00", "later than")):
        answer = lecturer.post(url_of(row), {"due_at": due_at})
        assert answer.status_code == 422
        assert part in words(answer)
    row.refresh_from_db()
    assert row.is_open
