"""Security holes and crashes that were found by attacking a course's pages."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar

from accounts.models import User
from courses.calendar.services import calendar_file
from courses.models import (
    Announcement,
    Course,
    CourseChange,
    Enrolment,
    GroupRelease,
)
from courses.services.enrolments import enrol
from courses.services.shifting import apply_shift, plan_shift
from formats.choices import Role
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    MaterialFactory,
    SessionFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
NEVER = dt.datetime(9999, 12, 31, 23, 59, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


@pytest.fixture
def lecturer(client: Client, course: Course) -> User:
    user = UserFactory.create(is_staff=True)
    EnrolmentFactory.create(course=course, user=user, lecturer=True)
    client.force_login(user)
    return user


def test_announcement_postponed_meanwhile_is_not_mailed() -> None:
    waiting = AnnouncementFactory.create(is_mailed=True)
    now = timezone.now()
    assert list(Announcement.objects.due_for_mailing(now)) == [waiting]
    Announcement.objects.update(release_at=hours(5))
    assert not Announcement.objects.claim_mails(waiting.pk, now)


def test_later_release_of_marks_moves_with_the_run(course: Course) -> None:
    today = timezone.now().date()
    WeekFactory.create(course=course, number=5, starts_on=today)
    work = AssignmentFactory.create(
        course=course, due_at=hours(100), marks_released_at=hours(200)
    )
    plan = plan_shift(course=course, from_week=5, weeks=1, now=timezone.now())
    moved = {move.field: move.after for move in plan.moves if move.label == work.title}
    assert moved["marks_released_at"] - hours(200) > dt.timedelta(days=6)


def test_later_release_to_a_group_moves_with_the_run(
    course: Course, lecturer: User
) -> None:
    """Otherwise the marks would come out before the moved deadline."""
    today = timezone.now().date()
    WeekFactory.create(course=course, number=5, starts_on=today)
    work = AssignmentFactory.create(course=course, due_at=hours(100))
    release = GroupRelease.objects.create(
        assignment=work, module_code="70010", released_at=hours(200)
    )
    now = timezone.now()
    plan = plan_shift(course=course, from_week=5, weeks=1, now=now)
    apply_shift(
        actor=lecturer,
        course=course,
        from_week=5,
        weeks=1,
        reason="x",
        seen=plan.digest,
        now=now,
    )
    before = release.released_at
    release.refresh_from_db()
    assert release.released_at - before > dt.timedelta(days=6)


@pytest.mark.parametrize("about", ["session", "material", "assignment"])
def test_change_is_hidden_while_its_subject_is_hidden(
    course: Course, student: User, about: str
) -> None:
    factories: dict[str, Any] = {
        "session": SessionFactory,
        "material": MaterialFactory,
        "assignment": AssignmentFactory,
    }
    row = factories[about].create(course=course)
    CourseChangeFactory.create(course=course, **{about: row})
    assert CourseChange.objects.visible_to(student).exists()
    type(row).objects.update(release_at=None)
    assert not CourseChange.objects.visible_to(student).exists()


def test_deadline_far_in_the_future_is_left_out_of_calendars(
    course: Course, student: User
) -> None:
    AssignmentFactory.create(course=course, due_at=NEVER)
    extended = AssignmentFactory.create(course=course, due_at=hours(24))
    ExtensionFactory.create(assignment=extended, student=student, due_at=NEVER)
    SessionFactory.create(
        course=course, starts_at=NEVER - dt.timedelta(hours=2), ends_at=NEVER
    )
    content = calendar_file(student, timezone.now())
    assert Calendar.from_ical(content).events == []


def test_key_with_a_nul_is_not_found(
    client: Client, course: Course, student: User
) -> None:
    client.force_login(student)
    where = reverse("courses:progress", args=[course.slug])
    assert client.post(where, {"done": "n\x0001"}).status_code == 404


@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00"])
def test_time_out_of_range_is_refused_in_words(
    client: Client, student: User, moment: str
) -> None:
    client.force_login(student)
    answer = client.get("/api/v1/sessions/", {"after": moment})
    assert answer.status_code == 400
    assert "between the years 1970 and 2200" in answer.content.decode()


@pytest.mark.parametrize("role", Role)
def test_enrolling_staff_is_recorded(
    course: Course, lecturer: User, role: Role
) -> None:
    enrol(actor=lecturer, course=course, user=UserFactory.create(), role=role)
    changes = CourseChange.objects.filter(kind=CourseChange.Kind.ROLE)
    assert changes.exists() == (role != Role.STUDENT)


def test_lecturer_does_not_learn_names_of_people_of_other_courses(
    client: Client, course: Course, lecturer: User
) -> None:
    stranger = UserFactory.create(first_name="Zebedee")
    form = {"course": course.pk, "user": stranger.pk, "role": "king"}
    address = reverse("admin:courses_enrolment_add")
    assert "Zebedee" not in client.post(address, form).content.decode()
    form["role"] = Role.STUDENT
    client.post(address, form)
    assert not Enrolment.objects.filter(user=stranger).exists()


def test_row_cannot_be_moved_to_another_course(
    client: Client, course: Course, lecturer: User
) -> None:
    other = EnrolmentFactory.create(user=lecturer, lecturer=True).course
    material = MaterialFactory.create(course=course)
    address = reverse("admin:courses_material_change", args=[material.pk])
    form = {"course": other.pk, "key": material.key, "kind": "notes", "title": "Moved"}
    client.post(address, form)
    material.refresh_from_db()
    assert material.course == course


def test_tables_are_not_for_staff_who_edit_no_course(client: Client) -> None:
    client.force_login(UserFactory.create(is_staff=True))
    address = reverse("admin:courses_material_import")
    assert client.get(address).status_code in {302, 403}


def test_yaml_is_not_accepted_as_a_table(client: Client, lecturer: User) -> None:
    html = client.get(reverse("admin:courses_material_import")).content.decode()
    assert "csv" in html.lower()
    assert "yaml" not in html.lower()


def test_locked_material_is_news_when_it_opens(
    client: Client, course: Course, student: User
) -> None:
    make = {"course": course, "body": "x", "release_at": hours(-400)}
    MaterialFactory.create(**make, title="Opened", opens_at=hours(-2))
    MaterialFactory.create(**make, title="Locked", opens_at=hours(2))
    client.force_login(student)
    html = client.get(reverse("home")).content.decode()
    assert "Opened" in html
    assert "Locked" not in html
