"""Somebody who may create courses creates one, hidden, and is its lecturer."""

import datetime as dt
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import User
from courses.models import Course, CourseChange
from formats.choices import Role
from tests.courses.coursefiles import SMALL
from tests.factories import CourseFactory, EnrolmentFactory, UserFactory, hours

pytestmark = pytest.mark.django_db
HIDDEN = SMALL.replace("  released: 6 January 09:00\n", "")
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
def lecturer() -> User:
    return UserFactory.create(can_create_courses=True)


@pytest.fixture
def page(lecturer: User) -> Client:
    client = Client()
    client.force_login(lecturer)
    return client


def test_the_creator_is_the_lecturer_of_a_hidden_course_with_its_weeks(
    page: Client, lecturer: User
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
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_stored(
    page: Client, change: dict[str, str], field: str, words: str
) -> None:
    CourseFactory.create(slug="taken")
    answer = page.post(reverse("courses:course-new"), {**NEW, **change})
    assert answer.status_code == 422
    assert words in str(answer.context["form"].errors[field])
    assert Course.objects.count() == 1


@pytest.mark.parametrize("name", ["courses:course-new", "courses:course-new-file"])
def test_only_those_who_may_create_courses_come_in(page: Client, name: str) -> None:
    other = Client()
    other.force_login(EnrolmentFactory.create(lecturer=True).user)
    assert other.get(reverse(name)).status_code == 403
    assert page.get(reverse(name)).status_code == 200
    assert reverse("courses:course-new") in page.get(reverse("home")).content.decode()


def test_codes_are_written_with_commas_quotes_or_brackets(page: Client) -> None:
    codes = '["70010"], 97111 ; 70010'
    page.post(reverse("courses:course-new"), {**NEW, "module_codes": codes})
    assert Course.objects.get().module_codes == ["70010", "97111"]


# --- From a course file -------------------------------------------------------


def upload(page: Client, address: str, name: str, content: bytes) -> Any:
    file = SimpleUploadedFile(name, content)
    form = {"file": file, "academic_year": "2024-25"}
    return page.post(address, form)


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
def test_a_course_file_is_shown_and_then_the_course_created(
    page: Client, lecturer: User, name: str, content: bytes
) -> None:
    address = reverse("courses:course-new-file")
    shown = upload(page, address, name, content)
    assert shown.status_code == 200
    assert not Course.objects.exists()
    digest = shown.context["preview"].digest
    page.post(address, {"digest": digest, "academic_year": "2024-25"})
    course = Course.objects.get()
    assert course.release_at is None
    assert course.enrolments.get(user=lecturer).role == Role.LECTURER


def test_a_file_that_changed_since_it_was_shown_changes_nothing(page: Client) -> None:
    address = reverse("courses:course-new-file")
    upload(page, address, "course.yaml", SMALL.encode())
    answer = page.post(address, {"digest": "0", "academic_year": "2024-25"})
    assert answer.status_code == 422
    assert not Course.objects.exists()


def test_a_new_course_never_changes_one_that_is_there(
    page: Client, lecturer: User
) -> None:
    course = CourseFactory.create(slug="70010-2024-25", title="Mine")
    EnrolmentFactory.create(course=course, user=lecturer, lecturer=True)
    address = reverse("courses:course-new-file")
    answer = upload(page, address, "course.yaml", SMALL.encode())
    assert "already" in answer.context["faults"][0].message
    answer = upload(
        page,
        reverse("courses:course-file", args=[course.slug]),
        "course.yaml",
        SMALL.encode(),
    )
    assert answer.status_code == 200


def test_a_file_of_another_kind_is_refused_in_words(page: Client) -> None:
    answer = upload(page, reverse("courses:course-new-file"), "course.docx", b"PK")
    assert "course.yaml" in answer.context["faults"][0].hint


# --- Settings -----------------------------------------------------------------


def test_releasing_a_course_is_on_record(page: Client, lecturer: User) -> None:
    course = CourseFactory.create(hidden=True)
    EnrolmentFactory.create(course=course, user=lecturer, lecturer=True)
    form = {"title": "New", "module_codes": "70010", "visible": "now"}
    page.post(reverse("courses:course-settings", args=[course.slug]), form)
    course.refresh_from_db()
    assert course.release_at is not None
    assert course.release_at < hours(1)
    assert course.title == "New"
    change = CourseChange.objects.get()
    assert change.before == "hidden"
    assert change.made_by == lecturer


def test_a_release_time_is_the_courses_own(page: Client, lecturer: User) -> None:
    course = CourseFactory.create(hidden=True, time_zone="America/New_York")
    EnrolmentFactory.create(course=course, user=lecturer, lecturer=True)
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
