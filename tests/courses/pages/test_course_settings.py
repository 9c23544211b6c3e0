"""The settings of a course: its release is on record, by the course's clock."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course, CourseChange
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def creator() -> User:
    return UserFactory.create(can_create_courses=True)


@pytest.fixture
def page(creator: User) -> Client:
    client = Client()
    client.force_login(creator)
    return client


def test_releasing_a_course_is_recorded(page: Client, creator: User) -> None:
    course = CourseFactory.create(hidden=True)
    EnrolmentFactory.create(course=course, user=creator, lecturer=True)
    form = {"title": "New", "module_codes": "70010", "visible": "now"}
    page.post(reverse("courses:course-settings", args=[course.slug]), form)
    course.refresh_from_db()
    assert course.release_at is not None
    assert course.release_at < hours(1)
    assert course.title == "New"
    change = CourseChange.objects.get()
    assert change.before == "hidden"
    assert change.made_by == creator


def test_a_release_time_is_in_the_courses_zone(page: Client, creator: User) -> None:
    course = CourseFactory.create(hidden=True, time_zone="America/New_York")
    EnrolmentFactory.create(course=course, user=creator, lecturer=True)
    form = {
        "title": "New",
        "module_codes": "70010",
        "visible": "later",
        "release_at": "2027-01-11T09:00",
    }
    address = reverse("courses:course-settings", args=[course.slug])
    page.post(address, form)
    course.refresh_from_db()
    assert course.release_at == dt.datetime(2027, 1, 11, 14, tzinfo=dt.UTC)
    assert "2027-01-11T09:00" in page.get(address).content.decode()


@pytest.mark.usefixtures("january")
def test_stored_moment_is_kept_if_the_entry_is_unchanged(
    lecturer: Client, course: Course
) -> None:
    stored = dt.datetime(2027, 10, 31, 1, 30, 7, tzinfo=dt.UTC)  # the second 01:30
    Course.objects.update(release_at=stored)
    url = reverse("courses:course-settings", args=[course.slug])
    given = {
        "title": "New",
        "module_codes": "70010",
        "visible": "later",
        "release_at": "2027-10-31T01:30",
    }
    assert lecturer.post(url, given).status_code == 302
    course.refresh_from_db()
    assert (course.title, course.release_at) == ("New", stored)
