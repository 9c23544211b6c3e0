"""Announcements and public changes of a course, on its news page."""

import datetime as dt
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Course
from courses.services.edited_rows import save_assignment
from courses.services.extensions import grant_extension, withdraw_extension
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
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


def test_students_read_announcements(client: Client, course: Course) -> None:
    AnnouncementFactory.create(
        course=course, title="Welcome", body="**Bring** a laptop."
    )
    AnnouncementFactory.create(course=course, title="Draft", hidden=True)
    html = news(client, course)
    assert "<strong>Bring</strong>" in html
    assert "Draft" not in html


def test_change_shows_the_old_and_new_value_and_the_reason(
    client: Client, course: Course
) -> None:
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


# --- Deadlines -------------------------------------------------------------------------


def moved(assignment: Assignment, *, days: int) -> None:
    """Move the common deadline by so many days, as the lecturer."""
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    assignment.due_at += dt.timedelta(days=days)
    save_assignment(actor=lecturer, assignment=assignment)


@pytest.fixture
def digits(course: Course) -> Assignment:
    due_at = dt.datetime(2027, 6, 4, 18, tzinfo=dt.UTC)
    made: Assignment = AssignmentFactory.create(
        course=course, title="Digits", due_at=due_at
    )
    return made


def told(client: Client, course: Course) -> list[str]:
    """Return the change as the news page, home and the API show it; all must agree."""
    answers = client.get("/api/v1/changes/").json()["results"]
    summaries = [row["summary"] for row in answers]
    for page in (
        client.get("/"),
        client.get(reverse("courses:news", args=[course.slug])),
    ):
        text = unescape(page.content.decode())
        assert all(summary in text for summary in summaries)
    return summaries


def test_moved_deadline_is_shown_as_it_is_now(
    client: Client, course: Course, digits: Assignment
) -> None:
    moved(digits, days=1)
    assert told(client, course) == ["Digits is due on Sat 5 Jun 2027, 19:00 BST."]
    moved(digits, days=2)
    assert told(client, course) == [
        "Digits is due on Mon 7 Jun 2027, 19:00 BST.",
        "The deadline for Digits has moved to Mon 7 Jun 2027, 19:00 BST.",
    ]


def test_deadline_of_renamed_coursework_has_its_new_title(
    client: Client, course: Course, digits: Assignment
) -> None:
    moved(digits, days=1)
    Assignment.objects.update(title="Letters")
    assert told(client, course) == ["Letters is due on Sat 5 Jun 2027, 19:00 BST."]


def test_reader_with_an_extension_sees_their_own_deadline(
    client: Client, course: Course, digits: Assignment
) -> None:
    moved(digits, days=1)
    student = course.enrolments.filter(role="student").get().user
    extended = digits.due_at + dt.timedelta(days=2)
    own = ExtensionFactory.create(assignment=digits, student=student, due_at=extended)
    (summary,) = told(client, course)
    assert summary.startswith(
        "The common deadline for Digits has moved. Your own deadline is "
    )
    assert "Mon 7 Jun 2027, 19:00 BST, because you have an extension." in summary
    own.delete()
    assert told(client, course) == ["Digits is due on Sat 5 Jun 2027, 19:00 BST."]


def test_extension_of_another_student_is_nobody_elses_news(
    client: Client, course: Course, digits: Assignment
) -> None:
    moved(digits, days=1)
    ExtensionFactory.create(
        assignment=digits, due_at=digits.due_at + dt.timedelta(days=2)
    )
    assert told(client, course) == ["Digits is due on Sat 5 Jun 2027, 19:00 BST."]


def test_extension_is_shown_as_it_is_now(
    client: Client, course: Course, digits: Assignment
) -> None:
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    student = course.enrolments.filter(role="student").get().user
    for days in (1, 3):
        own = grant_extension(
            actor=lecturer,
            assignment=digits,
            student=student,
            due_at=digits.due_at + dt.timedelta(days=days),
            reason="Illness",
        )
    moved = "Your deadline for Digits has moved to {}."
    assert told(client, course) == [
        "For you, Digits is due on Mon 7 Jun 2027, 19:00 BST.",
        moved.format("Mon 7 Jun 2027, 19:00 BST"),
    ]
    withdraw_extension(actor=lecturer, extension=own)
    assert told(client, course) == [
        "For you, Digits is due on Fri 4 Jun 2027, 19:00 BST.",
        *[moved.format("Fri 4 Jun 2027, 19:00 BST")] * 2,
    ]
