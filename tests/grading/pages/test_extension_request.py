"""A student asks for an extension, within limits, and may withdraw the request."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from courses.models import Assignment, ExtensionRequest
from courses.services.extension_requests import MOST_A_DAY, MOST_OPEN
from formats.request_files import MOST_BYTES
from submissions.quota import quotas_of, rooms_of_course
from tests.api.asking import content
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionRequestFactory,
    hours,
)
from tests.grading.pages import signed_in, student_of, words

pytestmark = pytest.mark.django_db
FORM = {"reason": "An operation."}


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(due_at=hours(24))


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


@pytest.fixture
def own(student: User) -> Client:
    return signed_in(student)


def ask(own: Client, assignment: Assignment, **form: Any) -> Any:
    names = [assignment.course.slug, assignment.slug]
    form.setdefault("wished_due_at", f"{hours(96):%Y-%m-%dT12:00}")
    return own.post(reverse("grading:extension-request", args=names), {**FORM, **form})


def test_only_the_student_and_editors_open_the_file(
    own: Client, student: User, assignment: Assignment
) -> None:
    file = SimpleUploadedFile("certificate.pdf", b"%PDF- private")
    assert ask(own, assignment, file=file).status_code == 302
    row = ExtensionRequest.objects.get()
    assert (row.student, row.reason, row.file_size) == (student, "An operation.", 13)
    course = assignment.course
    names = [course.slug, assignment.slug, row.pk]
    url = reverse("grading:extension-request-file", args=names)
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    for user, status in (
        (student, 200),
        (lecturer, 200),
        (assistant, 404),
        (student_of(assignment), 404),
    ):
        answer = signed_in(user).get(url)
        assert answer.status_code == status
        if status == 200:
            assert answer["Content-Disposition"].startswith("attachment")
            assert content(answer) == b"%PDF- private"


def test_what_is_asked_for_is_checked(own: Client, assignment: Assignment) -> None:
    large = SimpleUploadedFile("x.pdf", b"x" * (MOST_BYTES + 1))
    for wrong, part in (
        ({"wished_due_at": "2020-01-05T12:00"}, "Ask for a date after your deadline"),
        ({"wished_due_at": "9999-12-31T23:59"}, "Ask for a date within a year"),
        ({"wished_due_at": ""}, "This field is required"),
        ({"reason": " "}, "This field is required"),
        ({"file": large}, "larger than 5 MB"),
        ({"file": SimpleUploadedFile("x.exe", b"MZ")}, "Send the file as PDF"),
        ({"file": SimpleUploadedFile("x.pdf", b"MZ")}, "not what its name says"),
    ):
        answer = ask(own, assignment, **wrong)
        assert answer.status_code == 422
        assert part in words(answer)
    assert not ExtensionRequest.objects.exists()


def test_open_requests_and_requests_of_a_day_are_limited(
    own: Client, student: User, assignment: Assignment
) -> None:
    ask(own, assignment)
    assert "You have an open request" in words(ask(own, assignment))
    others = AssignmentFactory.create_batch(MOST_OPEN, course=assignment.course)
    for other in others:
        answer = ask(own, other)
    assert "You have 3 open requests" in words(answer)
    ExtensionRequest.objects.all().delete()
    ExtensionRequestFactory.create_batch(
        MOST_A_DAY, assignment=assignment, student=student, state="withdrawn"
    )
    assert "Try again tomorrow" in words(ask(own, assignment))


def test_a_request_is_withdrawn_by_its_student_while_it_is_open(
    own: Client, student: User, assignment: Assignment
) -> None:
    ask(own, assignment)
    row = ExtensionRequest.objects.get()
    names = [assignment.course.slug, assignment.slug, row.pk]
    url = reverse("grading:extension-request-withdraw", args=names)
    assert signed_in(student_of(assignment)).post(url).status_code == 404
    own.post(url)
    row.refresh_from_db()
    assert row.state == "withdrawn"
    answer = own.post(url, follow=True)
    assert "This request is no longer open: withdrawn." in words(answer)
    assert ask(own, assignment).status_code == 302


def test_the_file_takes_room_and_is_refused_without(
    own: Client, student: User, assignment: Assignment, settings: Settings
) -> None:
    file = SimpleUploadedFile("certificate.pdf", b"%PDF- private")
    settings.STUDENT_QUOTA_BYTES = 12
    answer = ask(own, assignment, file=file)
    assert answer.status_code == 422
    assert "The limit is" in words(answer)
    settings.STUDENT_QUOTA_BYTES = 13
    file.seek(0)
    assert ask(own, assignment, file=file).status_code == 302
    (quota,) = quotas_of(student, [assignment.course])
    (room,) = rooms_of_course(assignment.course)
    assert (quota.used, room.used, room.student) == (13, 13, student)
