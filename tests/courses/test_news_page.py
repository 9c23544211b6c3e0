"""Announcements and public changes of a course, on its news page."""

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Course
from tests.factories import (
    AnnouncementFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    SessionFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course(client: Client) -> Course:
    course = CourseFactory.create()
    client.force_login(EnrolmentFactory.create(course=course).user)
    return course


def news(client: Client, course: Course) -> str:
    return client.get(reverse("courses:news", args=[course.slug])).content.decode()


def test_students_read_what_was_announced(client: Client, course: Course) -> None:
    AnnouncementFactory.create(
        course=course, title="Welcome", body="**Bring** a laptop."
    )
    AnnouncementFactory.create(course=course, title="Draft", hidden=True)
    html = news(client, course)
    assert "<strong>Bring</strong>" in html
    assert "Draft" not in html


def test_change_says_before_after_and_why(client: Client, course: Course) -> None:
    session = SessionFactory.create(course=course)
    CourseChangeFactory.create(
        course=course, session=session, before="308", after="311", reason="Exams"
    )
    html = news(client, course)
    assert "<del>308</del>" in html
    assert "Exams" in html
    assert f"#session-{session.key}" in html


def test_staff_changes_are_not_for_students(client: Client, course: Course) -> None:
    CourseChangeFactory.create(course=course, summary="A role", is_public=False)
    assert "A role" not in news(client, course)


def test_empty_page_says_so(client: Client, course: Course) -> None:
    html = news(client, course)
    assert "No announcements" in html
    assert "Nothing changed" in html


def test_long_list_has_pages(client: Client, course: Course) -> None:
    CourseChangeFactory.create_batch(25, course=course)
    assert "Page 1 of 2" in news(client, course)
