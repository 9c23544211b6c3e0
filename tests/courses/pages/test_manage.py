"""The staff's page of a course shows what staff must do, and nothing else."""

import datetime as dt
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Course
from courses.pages.todo import TodoItem, todo_items
from formats.choices import MaterialKind, Role
from tests.factories import (
    AssignmentFactory,
    AttachmentFactory,
    ComponentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    RevisionFactory,
    SessionFactory,
    TeacherFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


def client_of(course: Course, role: Role, *, is_staff: bool = False) -> Client:
    user = UserFactory.create(is_staff=is_staff)
    EnrolmentFactory.create(course=course, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def lecturer(course: Course) -> Client:
    return client_of(course, Role.LECTURER, is_staff=True)


def page_of(course: Course) -> str:
    return reverse("courses:manage", args=[course.slug])


def todo(course: Course) -> list[TodoItem]:
    return todo_items(course, timezone.now())


def titles(course: Course) -> list[str]:
    return [item.title for item in todo(course)]


def this_monday() -> dt.date:
    today = timezone.now().date()
    return today - dt.timedelta(days=today.weekday())


# --- Shares of the mark ---------------------------------------------------------


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([50, 50], []),
        ([50, 45], ["The shares of the mark add up to 95 %"]),
        ([60, 50], ["The shares of the mark add up to 110 %"]),
    ],
)
def test_shares_add_to_a_hundred(
    course: Course, weights: list[int], expected: list[str]
) -> None:
    for weight in weights:
        ComponentFactory.create(course=course, weight_percent=weight)
    assert titles(course) == expected


def test_undecided_split_of_a_share_is_named(course: Course) -> None:
    """The real page gives 50 for the coursework, and no split between its two tasks."""
    ComponentFactory.create(course=course, title="Exam")
    component = ComponentFactory.create(course=course, title="Coursework")
    AssignmentFactory.create_batch(2, course=course, component=component)
    [item] = todo(course)
    assert item.title == "Coursework is not yet split among its coursework"
    assert len(item.rows) == 2


def test_split_that_does_not_fit_is_named(course: Course) -> None:
    ComponentFactory.create(course=course, title="Exam")
    component = ComponentFactory.create(course=course, title="Coursework")
    AssignmentFactory.create(
        course=course, component=component, weight_percent=Decimal("12.50")
    )
    assert titles(course) == ["The coursework of Coursework adds up to 12.5 %"]


def test_tasks_outside_any_share_count_by_themselves(course: Course) -> None:
    ComponentFactory.create(course=course, title="Exam")
    AssignmentFactory.create_batch(2, course=course, weight_percent=25)
    assert todo(course) == []


def test_course_without_coursework_needs_no_shares(course: Course) -> None:
    assert todo(course) == []


# --- Missing parts -------------------------------------------------------------


def test_lost_links_are_listed(course: Course) -> None:
    """These are an announced quiz, and a recording whose link was lost."""
    MaterialFactory.create(course=course, code="", title="Quiz", kind="quiz")
    MaterialFactory.create(course=course, url="https://example.org")
    MaterialFactory.create(course=course, body="Text")
    split = MaterialFactory.create(course=course, title="intro")
    AttachmentFactory.create(material=split)
    [item] = todo(course)
    assert item.title == "1 item without a link or a file"
    assert [row.label for row in item.rows] == ["Quiz"]


def test_assignment_without_a_published_revision_is_listed(course: Course) -> None:
    AssignmentFactory.create(
        course=course, with_revision=False, weight_percent=100, title="Task 2"
    )
    [item] = todo(course)
    assert item.title == "1 assignment without a published revision"
    assert item.rows[0].address.endswith("/staff/")


def test_session_without_time_or_place_is_listed(course: Course) -> None:
    week = WeekFactory.create(course=course, number=9)
    SessionFactory.create(course=course, week=week, untimed=True)
    SessionFactory.create(course=course, week=week, room=None)
    SessionFactory.create(course=course, week=week, online=True)
    SessionFactory.create(
        course=course, week=week, untimed=True, cancelled_at=hours(-1)
    )
    assert titles(course) == ["2 sessions without a time or a place"]


# --- Items that are released too late ------------------------------------------


def test_hidden_items_of_the_next_days_are_listed(course: Course) -> None:
    week = WeekFactory.create(course=course, starts_on=this_monday(), hidden=True)
    SessionFactory.create(course=course, week=week, hidden=True)
    MaterialFactory.create(course=course, week=week, url="https://x.org", hidden=True)
    AssignmentFactory.create(course=course, weight_percent=100, hidden=True)
    assert titles(course) == ["4 items of the next seven days are hidden"]


def test_hidden_items_of_later_weeks_are_not_listed(course: Course) -> None:
    far = this_monday() + dt.timedelta(weeks=4)
    week = WeekFactory.create(course=course, starts_on=far, hidden=True)
    SessionFactory.create(
        course=course, week=week, starts_at=hours(24 * 30), hidden=True
    )
    MaterialFactory.create(course=course, week=week, url="https://x.org", hidden=True)
    assert todo(course) == []


def test_item_released_in_time_is_not_listed(course: Course) -> None:
    week = WeekFactory.create(course=course, starts_on=this_monday())
    SessionFactory.create(
        course=course, week=week, starts_at=hours(48), release_at=hours(24)
    )
    assert todo(course) == []


def test_hidden_course_that_begins_is_named() -> None:
    course = CourseFactory.create(hidden=True)
    WeekFactory.create(course=course, starts_on=this_monday())
    assert titles(course) == ["Students do not see the course"]


# --- The page ---------------------------------------------------------------------


def test_page_says_so_when_there_is_nothing_to_do(
    lecturer: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course, starts_on=this_monday())
    SessionFactory.create(course=course, week=week, starts_at=hours(24))
    MaterialFactory.create(course=course, week=week, url="https://example.org")
    EnrolmentFactory.create(course=course)
    work = AssignmentFactory.create(course=course, weight_percent=100)
    work.revision = RevisionFactory.create(assignment=work)
    work.save()
    assert (
        "Nothing to do at the moment" in lecturer.get(page_of(course)).content.decode()
    )


def test_next_sessions_are_listed_with_their_actions(
    lecturer: Client, course: Course
) -> None:
    ahead = SessionFactory.create(course=course)
    cancelled = SessionFactory.create(
        course=course, cancelled_at=hours(-1), cancel_reason="ill"
    )
    over = SessionFactory.create(course=course, over=True)
    page = lecturer.get(page_of(course)).content.decode()
    for verb, row in (("move", ahead), ("cancel", ahead), ("restore", cancelled)):
        assert reverse(f"courses:session-{verb}", args=[course.slug, row.pk]) in page
    assert reverse("courses:session-move", args=[course.slug, over.pk]) not in page
    assert "Cancelled" in page
    assert "ill" in page


def test_assistant_is_offered_nothing_to_change(course: Course) -> None:
    SessionFactory.create(course=course, room=None)
    client = client_of(course, Role.ASSISTANT, is_staff=True)
    page = client.get(page_of(course)).content.decode()
    assert "1 session without a time or a place" in page
    for address in ("/admin/courses/", "/cancel/", "/shift/", "/copy/"):
        assert address not in page


def test_lecturer_without_the_admin_gets_no_link_to_it(course: Course) -> None:
    MaterialFactory.create(course=course, kind=MaterialKind.QUIZ)
    client = client_of(course, Role.LECTURER)
    assert "/admin/courses/" not in client.get(page_of(course)).content.decode()


def test_assistant_reads_no_change_that_is_for_editors(course: Course) -> None:
    student = EnrolmentFactory.create(course=course).user
    CourseChangeFactory.create(
        course=course, kind="extension", student=student, summary="canary"
    )
    for role in (Role.ASSISTANT, Role.LECTURER):
        page = client_of(course, role).get(page_of(course))
        assert (b"canary" in page.content) == (role == Role.LECTURER)


def test_manage_tab_is_for_staff(lecturer: Client, course: Course) -> None:
    student = client_of(course, Role.STUDENT)
    course_page = reverse("courses:course", args=[course.slug])
    assert page_of(course) in lecturer.get(course_page).content.decode()
    assert page_of(course) not in student.get(course_page).content.decode()


def add_content(course: Course) -> None:
    week = WeekFactory.create(course=course, hidden=True)
    session = SessionFactory.create(course=course, week=week, hidden=True)
    session.teachers.add(TeacherFactory.create(course=course))
    SessionFactory.create(course=course, week=week, untimed=True)
    MaterialFactory.create(course=course, week=week)
    component = ComponentFactory.create(course=course)
    AssignmentFactory.create(course=course, component=component, with_revision=False)
    CourseChangeFactory.create(course=course)


def test_page_answers_with_queries_that_do_not_grow(
    lecturer: Client,
    course: Course,
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    EnrolmentFactory.create_batch(30, course=course)
    for _ in range(12):
        add_content(course)
    with assert_max_queries(17):
        assert lecturer.get(page_of(course)).status_code == 200


def test_gradebook_is_linked_and_what_counts_only_for_editors(course: Course) -> None:
    gradebook = reverse("gradebook:gradebook", args=[course.slug])
    formula = reverse("gradebook:formula", args=[course.slug])
    links = {}
    for role in (Role.LECTURER, Role.ASSISTANT):
        answer = client_of(course, role).get(page_of(course))
        (links[role],) = re.findall(
            r"<nav class=\"tasks.*?</nav>", answer.text, re.DOTALL
        )
        assert gradebook in links[role]
    assert formula in links[Role.LECTURER]
    assert formula not in links[Role.ASSISTANT]
