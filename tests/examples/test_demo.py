"""`manage.py demo` makes a course to try, once, and only where that does no harm."""

import datetime as dt
import zoneinfo
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from time_machine import TimeMachineFixture

from accounts.models import User
from courses.models import Assignment, Course
from gradebook.pages.marks import marks_page
from grading.models import Mark
from portal.demo.building import COURSEWORK, SLUG, WARM_UP
from portal.demo.class_test import CLASS_TEST
from portal.demo.demo_dates import Calendar, is_closed
from portal.demo.marked_work import FIRST_STEPS
from portal.demo.people import MAIN
from portal.demo.report_work import REPORT
from tests.factories import CourseFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
LONDON = zoneinfo.ZoneInfo("Europe/London")


def demo(**options: Any) -> str:
    said = StringIO()
    call_command("demo", stdout=said, **options)
    return said.getvalue()


@pytest.mark.parametrize(
    "day",
    [
        "2026-12-16",
        *(
            pytest.param(day, marks=pytest.mark.long)
            for day in ("2026-11-28", "2026-12-24", "2027-03-20", "2027-07-01")
        ),
    ],
)
def test_nobody_teaches_while_the_college_is_closed(
    day: str, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(f"{day}T12:00:00+00:00", tick=False)
    demo()
    course = Course.objects.get(slug=SLUG)
    ahead = course.weeks.filter(number__gte=4)
    assert not any(is_closed(week.starts_on) for week in ahead)
    assert course.weeks.count() == 9
    assert not course.changes.filter(kind="shift").exists()


@pytest.mark.parametrize("password", ["softmark-demo", "short"])
def test_public_portal_gets_no_account_with_a_known_password(
    settings: Settings, password: str
) -> None:
    settings.SITE_URL = "https://softmark.example"
    with pytest.raises(CommandError, match="everybody knows"):
        demo(password=password)
    assert not User.objects.exists()


def test_public_portal_may_have_the_demo_under_its_own_password(
    settings: Settings,
) -> None:
    settings.SITE_URL = "https://softmark.example"
    demo(password="chosen by its operator")
    assert Course.objects.filter(slug=SLUG).exists()


def test_portal_that_others_can_reach_gets_a_password_of_its_own(
    settings: Settings, tmp_path: Path
) -> None:
    settings.BIND, settings.VAR_DIR = "0.0.0.0", tmp_path  # noqa: S104
    said = demo()
    password = (tmp_path / "demo-password").read_text()
    assert "softmark-demo" not in said
    assert said.count(password) == demo().count(password) == len(MAIN)
    assert (tmp_path / "demo-password").stat().st_mode & 0o077 == 0
    assert Client().login(username="student@demo.example", password=password)


def test_known_password_on_a_portal_that_others_can_reach_is_warned_of(
    settings: Settings,
) -> None:
    settings.BIND = "127.0.0.1"
    assert "everybody knows" not in demo()
    settings.BIND = "0.0.0.0"  # noqa: S104
    assert "everybody knows" in demo()


@pytest.mark.parametrize("factory", [CourseFactory, UserFactory])
def test_portal_in_use_gets_no_demo_without_being_asked(factory: Any) -> None:
    factory.create()
    with pytest.raises(CommandError, match="already has courses or people"):
        demo()
    assert "No demo course was added" in demo(if_fresh=True)
    assert not Course.objects.filter(slug=SLUG).exists()
    demo(beside=True)
    assert Course.objects.filter(slug=SLUG).exists()


@pytest.mark.parametrize("day", range(7))
def test_this_week_is_week_4_and_the_deadline_a_few_days_ahead(day: int) -> None:
    now = dt.datetime(2026, 11, 23, 23, 30, tzinfo=dt.UTC) + dt.timedelta(days=day)
    calendar = Calendar(now=now)
    assert calendar.monday(4) <= calendar.today < calendar.monday(5)
    ahead = calendar.first_deadline - now
    assert dt.timedelta(days=3) <= ahead <= dt.timedelta(days=10)
    assert (
        calendar.first_deadline.astimezone(LONDON).strftime("%a %H:%M") == "Fri 19:00"
    )


def test_times_are_london_times_in_summer_too() -> None:
    calendar = Calendar(now=dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC))
    assert calendar.at(4, hour=9).astimezone(dt.UTC).hour == 8


def test_first_coursework_is_open_and_the_second_is_not_released(
    time_machine: TimeMachineFixture,
) -> None:
    time_machine.move_to("2026-11-23T00:10:00Z", tick=True)
    demo()
    student = User.objects.get(email="student@demo.example")
    seen = Assignment.objects.visible_to(student)
    slugs = [assignment.slug for assignment in seen]
    assert slugs == [FIRST_STEPS, CLASS_TEST, WARM_UP, COURSEWORK, REPORT]
    assert Assignment.objects.filter(course__slug=SLUG).count() == 6


def test_the_class_test_has_entered_marks_that_count_for_the_exam() -> None:
    demo()
    test = Assignment.objects.get(slug=CLASS_TEST)
    student = User.objects.get(email="student@demo.example")
    page = marks_page(user=student, course=test.course, now=timezone.now())
    (row,) = [row for row in page.rows if row.assignment == test]
    assert row.score.points is not None
    assert page.total is not None
    assert page.total.percent is not None
    marks = Mark.objects.filter(assignment=test)
    students = test.course.enrolments.filter(role="student").count()
    # One was not there, and has no mark, which is not 0; one is excused.
    assert marks.exclude(entered_points=None).count() == students - 2
    decided = marks.exclude(standing="").order_by("standing")
    assert list(decided.values_list("standing", flat=True)) == ["excused", "withheld"]


@pytest.mark.parametrize(
    "day",
    [
        "2026-02-07",
        *(
            pytest.param(day, marks=pytest.mark.long)
            for day in ("2026-08-03", "2026-11-24")
        ),
    ],
)
def test_course_is_of_the_year_in_which_it_then_runs(
    time_machine: TimeMachineFixture, day: str
) -> None:
    time_machine.move_to(f"{day}T12:00:00Z", tick=True)
    demo()
    course = Course.objects.get(slug=SLUG)
    fourth = course.weeks.get(number=4).starts_on
    assert fourth <= dt.date.fromisoformat(day) < fourth + dt.timedelta(days=7)
    assert course.academic_year == ("2026-27" if "-11-" in day else "2025-26")
