"""People, announcements and changes: each reader gets only what they may read."""

import pytest

from accounts.models import User
from courses.models import Course
from tests.api.asking import get, rows
from tests.factories import (
    AnnouncementFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    MaterialFactory,
    SessionFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl-2027")


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


@pytest.fixture
def assistant(course: Course) -> User:
    return EnrolmentFactory.create(course=course, assistant=True).user


def test_announcements_are_the_released_ones(
    student: User, assistant: User, course: Course
) -> None:
    AnnouncementFactory.create(course=course, title="Out")
    AnnouncementFactory.create(course=course, title="Draft", hidden=True)
    AnnouncementFactory.create(course=course, title="Later", release_at=hours(1))
    assert [row["title"] for row in rows(student, "announcements/")] == ["Out"]
    for_staff = {r["title"]: r["release_at"] for r in rows(assistant, "announcements/")}
    assert set(for_staff) == {"Out", "Draft", "Later"}
    assert for_staff["Draft"] is None


def test_announcement_names_its_author_and_nothing_more(
    student: User, course: Course
) -> None:
    made = AnnouncementFactory.create(course=course)
    found = get(student, f"announcements/{made.pk}/")
    assert found["author"] == made.author.name
    assert made.author.email not in str(found)


def test_students_read_public_changes_without_who_made_them(
    student: User, assistant: User, course: Course
) -> None:
    change = CourseChangeFactory.create(course=course, reason="flood")
    CourseChangeFactory.create(course=course, kind="role", is_public=False)
    (found,) = rows(student, "changes/")
    assert (found["reason"], found["made_by"]) == ("flood", None)
    for_staff = rows(assistant, "changes/")
    assert len(for_staff) == 2
    assert change.made_by is not None
    assert for_staff[1]["made_by"] == change.made_by.name


def test_change_is_shown_once_its_subject_is_visible(
    student: User, assistant: User, course: Course
) -> None:
    session = SessionFactory.create(course=course, key="w3-lecture")
    material = MaterialFactory.create(course=course, key="n09", hidden=True)
    CourseChangeFactory.create(course=course, session=session, material=material)
    assert rows(student, "changes/") == []
    (found,) = rows(assistant, "changes/")
    assert (found["session"], found["material"]) == ("w3-lecture", "n09")
    material.release_at = hours(-1)
    material.save()
    assert len(rows(student, "changes/")) == 1


def test_changes_are_found_by_kind_and_time(assistant: User, course: Course) -> None:
    CourseChangeFactory.create(course=course, kind="shift", made_at=hours(-5))
    CourseChangeFactory.create(course=course)
    assert [r["kind"] for r in rows(assistant, "changes/", kind="shift")] == ["shift"]
    later = rows(assistant, "changes/", after=hours(-1).isoformat())
    assert [row["kind"] for row in later] == ["session"]


def test_only_staff_list_people(student: User, assistant: User, course: Course) -> None:
    assert rows(student, "people/") == []
    found = rows(assistant, "people/", role="student")
    assert [row["email"] for row in found] == [student.email]
    assert found[0]["user"] == student.pk


def test_people_of_other_courses_are_not_listed(assistant: User) -> None:
    other = EnrolmentFactory.create()
    EnrolmentFactory.create(course=other.course, user=assistant)
    assert {row["course"] for row in rows(assistant, "people/")} == {"dl-2027"}


def test_people_who_left_can_be_left_out(assistant: User, course: Course) -> None:
    EnrolmentFactory.create(course=course, left=True, module_code="97111")
    (found,) = rows(assistant, "people/", is_active="false")
    assert (found["module_code"], found["is_active"]) == ("97111", False)
