"""The course's page, as its students, its staff and others see it."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Course
from formats.choices import Examinable, MaterialKind
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    MaterialFactory,
    SubmissionFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
Budget = Callable[[int], AbstractContextManager[None]]


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(title="Deep Learning")


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


@pytest.fixture
def lecturer(course: Course) -> User:
    return EnrolmentFactory.create(course=course, lecturer=True).user


def page_of(client: Client, user: User, course: Course) -> str:
    client.force_login(user)
    answer = client.get(course.get_absolute_url())
    assert answer.status_code == 200
    return answer.content.decode()


def test_stranger_is_sent_to_sign_in(client: Client, course: Course) -> None:
    assert client.get(course.get_absolute_url()).status_code == 302


@pytest.mark.parametrize("trait", ["left", None])
def test_outsiders_get_404(client: Client, course: Course, trait: str | None) -> None:
    user = (
        EnrolmentFactory.create(course=course, left=True).user
        if trait
        else UserFactory.create()
    )
    client.force_login(user)
    assert client.get(course.get_absolute_url()).status_code == 404


def test_hidden_course_is_404_for_students_only(client: Client) -> None:
    course = CourseFactory.create(hidden=True)
    client.force_login(EnrolmentFactory.create(course=course).user)
    assert client.get(course.get_absolute_url()).status_code == 404
    client.force_login(EnrolmentFactory.create(course=course, assistant=True).user)
    assert "Hidden" in client.get(course.get_absolute_url()).content.decode()


def test_page_shows_weeks_by_their_own_numbers(
    client: Client, course: Course, student: User
) -> None:
    WeekFactory.create(course=course, number=2, title="Signals")
    WeekFactory.create(course=course, number=5, title="")
    html = page_of(client, student, course)
    assert "Week 2: Signals" in html
    assert "Week 5</h3>" in html
    assert "Week 1" not in html


def test_only_this_week_is_open(client: Client, course: Course, student: User) -> None:
    today = timezone.now().astimezone(course.tz).date()
    monday = today - dt.timedelta(days=today.weekday())
    for offset in (-1, 0, 1):
        WeekFactory.create(
            course=course,
            number=4 + offset,
            starts_on=monday + dt.timedelta(7 * offset),
        )
    html = page_of(client, student, course)
    weeks = html.split('id="week-')[1:]
    assert ["<details open" in week for week in weeks] == [False, True, False]
    assert "This week" in weeks[1]


def test_material_shows_its_code_kind_and_link(
    client: Client, course: Course, student: User
) -> None:
    week = WeekFactory.create(course=course)
    MaterialFactory.create(
        course=course,
        week=week,
        code="N02a",
        title="Lecture slides",
        kind=MaterialKind.SLIDES,
        url="https://example.org/slides",
        examinable=Examinable.PARTS,
    )
    html = page_of(client, student, course)
    for words in ("N02a", "Slides", "https://example.org/slides", "Marked parts"):
        assert words in html


def test_materials_outside_weeks_have_a_place_of_their_own(
    client: Client, course: Course, student: User
) -> None:
    MaterialFactory.create(
        course=course, week=WeekFactory.create(course=course), title="Inside"
    )
    MaterialFactory.create(course=course, title="For everybody")
    html = page_of(client, student, course)
    assert html.index("Inside") < html.index("For the whole course")
    assert html.index("For the whole course") < html.index("For everybody")


def test_announced_quiz_is_not_a_link(
    client: Client, course: Course, student: User, lecturer: User
) -> None:
    MaterialFactory.create(course=course, kind=MaterialKind.QUIZ, title="Test yourself")
    assert "Not available yet" in page_of(client, student, course)
    assert "No file or link" in page_of(client, lecturer, course)


def test_students_see_nothing_hidden(
    client: Client, course: Course, student: User, lecturer: User
) -> None:
    WeekFactory.create(course=course, hidden=True, title="Secret week")
    MaterialFactory.create(course=course, hidden=True, title="Secret notes")
    AssignmentFactory.create(course=course, hidden=True, title="Secret work")
    MaterialFactory.create(course=course, release_at=hours(24), title="Secret morning")
    assert "Secret" not in page_of(client, student, course)
    html = page_of(client, lecturer, course)
    for title in ("Secret week", "Secret notes", "Secret work", "Secret morning"):
        assert title in html
    assert html.count(">Hidden") == 4


def test_material_of_a_hidden_week_shows_once_it_is_released_itself(
    client: Client, course: Course, student: User
) -> None:
    week = WeekFactory.create(course=course, hidden=True, title="Secret week")
    MaterialFactory.create(course=course, week=week, title="Early notes")
    html = page_of(client, student, course)
    assert "Early notes" in html
    assert "Secret" not in html


def test_coursework_shows_deadline_zone_weight_and_badge(
    client: Client, course: Course, student: User
) -> None:
    work = AssignmentFactory.create(
        course=course, title="Digits", weight_percent="12.50"
    )
    html = page_of(client, student, course)
    assert reverse("grading:assignment", args=[course.slug, work.slug]) in html
    local = work.due_at.astimezone(course.tz)
    assert f"{local:%H:%M} {local.tzname()}" in html
    assert "12.5 % of the course mark" in html
    assert "Due soon" in html


def test_coursework_without_weight_is_not_assessed(
    client: Client, course: Course, student: User
) -> None:
    AssignmentFactory.create(course=course)
    assert "Not assessed" in page_of(client, student, course)


def test_coursework_with_an_undecided_share_is_assessed(
    client: Client, course: Course, student: User
) -> None:
    part = ComponentFactory.create(course=course, title="Coursework")
    AssignmentFactory.create(course=course, component=part)
    html = page_of(client, student, course)
    assert "part of Coursework, 50 % of the course mark" in html
    assert "Not assessed" not in html


def test_extension_is_shown_to_its_student_only(
    client: Client, course: Course, student: User
) -> None:
    work = AssignmentFactory.create(course=course)
    ExtensionFactory.create(assignment=work, student=student, due_at=hours(24 * 10))
    assert "Extended" in page_of(client, student, course)
    classmate = EnrolmentFactory.create(course=course).user
    assert "Extended" not in page_of(client, classmate, course)


def test_only_staff_have_a_link_to_all_submissions(
    client: Client, course: Course, student: User, lecturer: User
) -> None:
    work = AssignmentFactory.create(course=course)
    address = reverse("grading:assignment-staff", args=[course.slug, work.slug])
    assert address not in page_of(client, student, course)
    assert address in page_of(client, lecturer, course)


def test_summary_is_markdown_without_script(client: Client, student: User) -> None:
    course = student.enrolments.get().course
    course.summary = "**Bold** <script>alert(1)</script>"
    course.save()
    html = page_of(client, student, course)
    assert "<strong>Bold</strong>" in html
    assert "<script>alert" not in html


def test_empty_course_says_so(client: Client, course: Course, student: User) -> None:
    html = page_of(client, student, course)
    assert "No weeks yet" in html
    assert "No coursework yet" in html


@pytest.mark.parametrize("weeks", [1, 10])
def test_queries_do_not_grow_with_rows(
    weeks: int,
    client: Client,
    course: Course,
    student: User,
    assert_max_queries: Budget,
) -> None:
    for number in range(weeks):
        week = WeekFactory.create(course=course, number=number + 2)
        for kind in MaterialKind:
            MaterialFactory.create_batch(3, course=course, week=week, kind=kind)
        work = AssignmentFactory.create(course=course, week=week)
        ExtensionFactory.create(assignment=work, student=student)
    client.force_login(student)
    with assert_max_queries(12):
        client.get(course.get_absolute_url())


def test_coursework_that_was_handed_in_says_so_as_on_home(
    course: Course, student: User
) -> None:
    assignment = AssignmentFactory.create(course=course)
    client = Client()
    client.force_login(student)
    pages = (reverse("courses:course", args=[course.slug]), reverse("home"))

    def says_so() -> list[bool]:
        return ["Handed in" in client.get(page).content.decode() for page in pages]

    assert says_so() == [False, False]
    SubmissionFactory.create(assignment=assignment, author=student, uses_attempt=False)
    assert says_so() == [True, True]
