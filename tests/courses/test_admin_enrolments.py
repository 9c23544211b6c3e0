"""Enrolments are imported as a table in the admin, with a preview, in own courses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from courses.models import Course, Enrolment
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def lecturer(course: Course) -> Client:
    user = UserFactory.create(is_staff=True)
    EnrolmentFactory.create(course=course, user=user, lecturer=True)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def upload() -> Callable[[Client, str], Any]:
    """Give a function that uploads a CSV file and returns its preview."""

    def send(client: Client, text: str) -> Any:
        file = SimpleUploadedFile("people.csv", text.encode(), "text/csv")
        form = {"import_file": file, "format": "0", "resource": ""}
        return client.post(reverse("admin:courses_enrolment_import"), form)

    return send


def test_import_shows_what_it_would_do_first(
    lecturer: Client, course: Course, upload: Callable[[Client, str], Any]
) -> None:
    person = UserFactory.create()
    rows = (
        f"course,email,role,is_active\n{course.slug},{person.email.upper()},student,1\n"
    )
    answer = upload(lecturer, rows)
    assert answer.context["result"].totals["new"] == 1
    assert not Enrolment.objects.filter(user=person).exists()


def test_import_into_a_course_of_others_is_refused(
    lecturer: Client, upload: Callable[[Client, str], Any]
) -> None:
    other, person = CourseFactory.create(), UserFactory.create()
    rows = f"course,email,role,is_active\n{other.slug},{person.email},lecturer,1\n"
    result = upload(lecturer, rows).context["result"]
    assert result.has_errors() or result.has_validation_errors()


def test_export_holds_own_courses_only(lecturer: Client, course: Course) -> None:
    EnrolmentFactory.create(course=course)
    EnrolmentFactory.create()
    fields = {f"enrolmentresource_{name}": "on" for name in ("course", "email", "role")}
    form = {"format": "0", "resource": "", **fields}
    answer = lecturer.post(reverse("admin:courses_enrolment_export"), form)
    lines = answer.content.decode().splitlines()
    assert len(lines) == 1 + Enrolment.objects.filter(course=course).count()


def test_exported_formula_is_text(lecturer: Client, course: Course) -> None:
    person = UserFactory.create(email="=1+1@example.org")
    EnrolmentFactory.create(course=course, user=person)
    form = {"format": "0", "resource": "", "enrolmentresource_email": "on"}
    answer = lecturer.post(reverse("admin:courses_enrolment_export"), form)
    assert "=1" not in answer.content.decode()
