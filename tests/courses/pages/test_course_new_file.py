"""A course file is shown first, and then creates a course of its own."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course
from formats.choices import Role
from tests.courses.coursefiles import SMALL
from tests.courses.pages.staff_pages import upload
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
HIDDEN = SMALL.replace("  released: 6 January 09:00\n", "")


@pytest.fixture
def creator() -> User:
    return UserFactory.create(can_create_courses=True)


@pytest.fixture
def page(creator: User) -> Client:
    client = Client()
    client.force_login(creator)
    return client


def zipped(text: str) -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr("folder/course.yaml", text)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("mine.yaml", HIDDEN.encode()), ("course.zip", zipped(HIDDEN))],
    ids=["file", "zip"],
)
def test_a_course_file_is_previewed_and_then_imported(
    page: Client, creator: User, name: str, content: bytes
) -> None:
    address = reverse("courses:course-new-file")
    shown = upload(page, address, name, content)
    assert shown.status_code == 200
    assert not Course.objects.exists()
    digest = shown.context["preview"].digest
    page.post(address, {"digest": digest, "academic_year": "2024-25"})
    course = Course.objects.get()
    assert course.release_at is None
    assert course.enrolments.get(user=creator).role == Role.LECTURER


def test_a_file_that_changed_since_it_was_shown_changes_nothing(page: Client) -> None:
    address = reverse("courses:course-new-file")
    upload(page, address, "course.yaml", SMALL.encode())
    answer = page.post(address, {"digest": "0", "academic_year": "2024-25"})
    assert answer.status_code == 422
    assert not Course.objects.exists()


def test_a_new_course_never_changes_an_existing_one(
    page: Client, creator: User
) -> None:
    course = CourseFactory.create(slug="70010-2024-25", title="Mine")
    EnrolmentFactory.create(course=course, user=creator, lecturer=True)
    address = reverse("courses:course-new-file")
    answer = upload(page, address, "course.yaml", SMALL.encode())
    assert "already" in answer.context["faults"][0].message


def test_a_file_of_another_kind_is_refused_in_words(page: Client) -> None:
    answer = upload(page, reverse("courses:course-new-file"), "course.docx", b"PK")
    assert "course.yaml" in answer.context["faults"][0].hint
