"""A person who may create courses creates a hidden one and becomes its lecturer."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course
from formats.choices import Role
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
NEW = {
    "title": "Deep Learning",
    "module_codes": "70010, 97111",
    "academic_year": "2026-27",
    "slug": "",
    "time_zone": "Europe/London",
    "first_week_on": "2027-01-11",
    "first_week": "2",
    "weeks": "9",
}
REFUSED = [
    ({"first_week_on": "2027-01-12"}, "first_week_on", "Tuesday"),
    ({"first_week_on": "2025-11-24"}, "first_week_on", "August 2026 to July 2027"),
    ({"first_week_on": "2027-08-02"}, "first_week_on", "another academic year"),
    ({"academic_year": "2026-28"}, "academic_year", "27"),
    ({"academic_year": "26/27"}, "academic_year", "2024-25"),
    ({"time_zone": "London"}, "time_zone", "Europe/London"),
    ({"slug": "taken"}, "slug", "already"),
    ({"slug": "new"}, "slug", "another"),
    ({"slug": "a b"}, "slug", "slug"),
    ({"module_codes": " , "}, "module_codes", "required"),
    ({"weeks": "100"}, "weeks", "52"),
]


@pytest.fixture
def creator() -> User:
    return UserFactory.create(can_create_courses=True)


@pytest.fixture
def page(creator: User) -> Client:
    client = Client()
    client.force_login(creator)
    return client


def test_the_creator_is_the_lecturer_of_a_hidden_course_with_its_weeks(
    page: Client, creator: User
) -> None:
    answer = page.post(reverse("courses:course-new"), NEW)
    course = Course.objects.get()
    assert answer.headers["Location"] == reverse("courses:manage", args=[course.slug])
    assert course.slug == "70010-2026-27"
    assert course.module_codes == ["70010", "97111"]
    assert course.release_at is None
    assert course.enrolments.get().role == Role.LECTURER
    weeks = list(course.weeks.values_list("number", "starts_on"))
    assert weeks[0] == (2, dt.date(2027, 1, 11))
    assert weeks[-1] == (10, dt.date(2027, 3, 8))
    assert page.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize(("change", "field", "words"), REFUSED)
def test_errors_are_shown_beside_their_fields_and_nothing_is_stored(
    page: Client, change: dict[str, str], field: str, words: str
) -> None:
    CourseFactory.create(slug="taken")
    answer = page.post(reverse("courses:course-new"), {**NEW, **change})
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert Course.objects.count() == 1


@pytest.mark.parametrize("name", ["courses:course-new", "courses:course-new-file"])
def test_only_people_who_may_create_courses_see_the_page(
    page: Client, name: str
) -> None:
    other = Client()
    other.force_login(EnrolmentFactory.create(lecturer=True).user)
    assert other.get(reverse(name)).status_code == 403
    assert page.get(reverse(name)).status_code == 200
    assert reverse("courses:course-new") in page.get(reverse("home")).content.decode()


def test_codes_are_written_with_commas_quotes_or_brackets(page: Client) -> None:
    codes = '["70010"], 97111 ; 70010'
    page.post(reverse("courses:course-new"), {**NEW, "module_codes": codes})
    assert Course.objects.get().module_codes == ["70010", "97111"]
