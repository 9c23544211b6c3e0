"""Lecturers create coursework, which is hidden at first."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Assignment, Course, CourseChange
from tests.factories import (
    AssignmentFactory,
    ComponentFactory,
    CourseFactory,
    EnrolmentFactory,
    WeekFactory,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Digits & letters",
    "slug": "",
    "summary": "Read *them*.",
    "visible": "hidden",
    "release_at": "",
    "due_at": "2027-06-04T19:00",
    "closes_at": "2027-06-08T19:00",
    "grace_minutes": "5",
    "upload_minutes": "45",
    "cooldown_minutes": "0",
    "max_attempts": "3",
    "self_check_limit": "5",
    "self_check_minutes": "20",
    "counting": "best",
    "weight_percent": "25",
}
REFUSED = [
    ({"title": ""}, "title", "required"),
    ({"slug": "taken"}, "slug", "already"),
    ({"slug": "a b"}, "slug", "hyphens"),
    ({"title": "数"}, "slug", "letters"),
    ({"due_at": "2027-03-28T01:30"}, "due_at", "has no 01:30"),
    ({"due_at": ""}, "due_at", "required"),
    ({"closes_at": "2027-06-03T19:00"}, "closes_at", "before the deadline"),
    ({"weight_percent": "101"}, "weight_percent", "100"),
    ({"max_attempts": "0"}, "max_attempts", "1"),
    ({"visible": "later"}, "release_at", "Give the day and the time"),
    ({"grace_minutes": "-1"}, "grace_minutes", "0"),
    ({"upload_minutes": "1441"}, "upload_minutes", "1440"),
    ({"self_check_limit": "101"}, "self_check_limit", "100"),
    ({"self_check_minutes": "0"}, "self_check_minutes", "1"),
]


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl", time_zone="Europe/London")


@pytest.fixture
def page(course: Course) -> Client:
    return signed_in(EnrolmentFactory.create(course=course, lecturer=True).user)


def create(page: Client, **changes: object) -> Any:
    return page.post(reverse("grading:assignment-new", args=["dl"]), {**NEW, **changes})


def test_new_coursework_is_hidden_in_its_zone_and_recorded(
    page: Client, course: Course
) -> None:
    week = WeekFactory.create(course=course)
    component = ComponentFactory.create(course=course)
    answer = create(page, week=week.pk, component=component.pk)
    made = Assignment.objects.get()
    assert made.slug == "digits-letters"
    assert made.release_at is None
    assert f"{made.due_at.astimezone(course.tz):%d %H:%M}" == "04 19:00"
    assert (made.week, made.component, made.max_attempts) == (week, component, 3)
    assert CourseChange.objects.get().assignment == made
    shown = words(page.get(answer.headers["Location"]))
    assert "Import a revision" in shown
    assert "students can read the brief but cannot hand in" in shown


@pytest.mark.parametrize(("change", "field", "said"), REFUSED)
def test_errors_are_shown_beside_their_fields_and_no_input_is_lost(
    page: Client, course: Course, change: dict[str, str], field: str, said: str
) -> None:
    AssignmentFactory.create(course=course, slug="taken")
    answer = create(page, **change)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert said in str(form.errors[field])
    sent = {**NEW, **change}
    assert {name: form[name].value() for name in NEW} == sent
    assert Assignment.objects.count() == 1


def test_only_the_courses_own_weeks_and_parts_can_be_chosen(page: Client) -> None:
    week, component = WeekFactory.create(), ComponentFactory.create()
    answer = create(page, week=week.pk, component=component.pk)
    assert set(answer.context["form"].errors) == {"week", "component"}


@pytest.mark.parametrize("name", ["courses:manage", "gradebook:marks"])
@pytest.mark.parametrize(
    ("role", "is_shown"), [("lecturer", True), ("assistant", False)]
)
def test_editors_have_a_link_to_the_page(
    course: Course,
    name: str,
    role: str,
    is_shown: bool,  # noqa: FBT001  a parameter
) -> None:
    client = signed_in(EnrolmentFactory.create(course=course, role=role).user)
    shown = client.get(reverse(name, args=["dl"])).content.decode()
    assert (reverse("grading:assignment-new", args=["dl"]) in shown) == is_shown


EXAM = {
    "title": "Written exam",
    "visible": "hidden",
    "due_at": "2027-06-04T10:00",
    "marks_out_of": "80",
    "weight_percent": "50",
}


def create_exam(page: Client, **changes: object) -> Any:
    address = reverse("grading:assignment-new", args=["dl"])
    return page.post(f"{address}?marks=entered", {**EXAM, **changes}, follow=True)


def test_an_exam_asks_for_its_points_and_leads_to_its_marks(
    page: Client, course: Course
) -> None:
    address = reverse("grading:assignment-new", args=["dl"])
    assert "People enter the marks" in words(page.get(address))
    asked = words(page.get(f"{address}?marks=entered"))
    assert "Out of how many points" in asked
    assert "Late work" not in asked
    assert "Number of attempts" not in asked
    answer = create_exam(page)
    assert "Written exam has been created. Now enter its marks." in words(answer)
    assert answer.redirect_chain[-1][0].endswith("/written-exam/staff/entered/")
    made = Assignment.objects.get(course=course)
    assert made.marks_out_of == 80
    assert made.closes_at is None


@pytest.mark.parametrize("out_of", ["", "0", "-5", "x", "1.234"])
def test_an_exam_needs_points(page: Client, course: Course, out_of: str) -> None:
    answer = create_exam(page, marks_out_of=out_of)
    assert "marks_out_of" in answer.context["form"].errors
    assert not Assignment.objects.exists()
