"""A new course shows a checklist of what it needs, until it has all of it."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from courses.models import Course
from courses.pages.checklist import course_checklist
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    SessionFactory,
    WeekFactory,
)

pytestmark = pytest.mark.django_db


def done(course: Course) -> list[str]:
    return [
        each.title for each in course_checklist(course, timezone.now()) if each.is_done
    ]


def test_each_item_is_ticked_off_once_it_is_there() -> None:
    course = CourseFactory.create(hidden=True)
    assert done(course) == []
    MaterialFactory.create(course=course, week=WeekFactory.create(course=course))
    assert done(course) == ["Materials"]
    SessionFactory.create(course=course, week=course.weeks.get())
    EnrolmentFactory.create(course=course)
    assert done(course) == ["Weeks and sessions", "Materials", "People"]


def test_the_checklist_disappears_once_nothing_is_missing() -> None:
    course = CourseFactory.create()
    week = WeekFactory.create(course=course)
    MaterialFactory.create(course=course, week=week)
    SessionFactory.create(course=course, week=week)
    EnrolmentFactory.create(course=course)
    assert course_checklist(course, timezone.now())
    AssignmentFactory.create(course=course)
    assert course_checklist(course, timezone.now()) == ()


@pytest.mark.parametrize(
    ("role", "is_shown"), [("lecturer", True), ("assistant", False)]
)
def test_only_editors_see_the_checklist(role: str, is_shown: bool) -> None:  # noqa: FBT001
    course = CourseFactory.create()
    client = Client()
    client.force_login(EnrolmentFactory.create(course=course, role=role).user)
    page = client.get(reverse("courses:manage", args=[course.slug])).content.decode()
    assert ("data-checklist" in page) == is_shown
