"""Facts of a real course's page that are easily misread, on the portal's pages.

test_course_file_traps.py has the same facts as they are imported.
"""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from time_machine import TimeMachineFixture

from accounts.models import User
from courses.models import Course
from courses.pages.course import Tense, course_page
from courses.pages.viewer import viewer_of
from courses.services.roster import export_roster
from courses.services.shifting import apply_shift, plan_shift
from formats.choices import Examinable, MaterialKind, SessionKind
from tests.courses.coursefiles import imported_course
from tests.factories import (
    AssignmentFactory,
    CourseFactory,
    EnrolmentFactory,
    LectureFactory,
    MaterialFactory,
    SessionFactory,
    SessionLectureFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
MONDAY = dt.date(2027, 1, 25)
# The Friday of that week: a deadline, and half an hour before it. In January London's
# clocks show UTC.
DUE = dt.datetime(2027, 1, 29, 18, tzinfo=dt.UTC)
EVENING = dt.datetime(2027, 1, 29, 17, 30, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


def page_of(user: User, address: str) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def weeks_of(user: User, course: Course) -> str:
    """Return the weeks of the course's page, without the rest of the page."""
    html = page_of(user, course.get_absolute_url())
    return html[html.index('id="week-') : html.index("</main>")]


# --- Dates ---------------------------------------------------------------------------


def test_student_reads_both_dates_of_a_deadline_that_moved_with_the_run(
    course: Course, student: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(EVENING - dt.timedelta(days=7))
    WeekFactory.create(course=course, number=4, starts_on=MONDAY)
    AssignmentFactory.create(course=course, title="Task 1", due_at=DUE)
    shift: dict[str, Any] = {"course": course, "from_week": 4, "weeks": 1}
    shift["now"] = EVENING
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    seen = plan_shift(**shift).digest
    apply_shift(**shift, actor=lecturer, seen=seen, reason="strike")
    html = page_of(student, reverse("courses:news", args=[course.slug]))
    assert "<del>Fri 29 Jan 2027, 18:00 GMT</del>" in html
    assert "<ins>Fri 5 Feb 2027, 18:00 GMT</ins>" in html


def test_past_deadline_looks_past(course: Course, student: User) -> None:
    for offset, title in ((-9, "Behind"), (2, "Ahead")):
        due_at = hours(24 * offset)
        week = WeekFactory.create(course=course, starts_on=due_at.date())
        AssignmentFactory.create(course=course, week=week, title=title, due_at=due_at)
    weeks = weeks_of(student, course).split('id="week-')[1:]
    assert ["deadline--past" in week for week in weeks] == [True, False]
    assert ["Closed" in week for week in weeks] == [True, False]


@pytest.mark.parametrize("where", ["home", "course", "coursework", "api"])
def test_hard_deadline_is_not_shown_beside_the_stated_one(
    course: Course, student: User, time_machine: TimeMachineFixture, where: str
) -> None:
    time_machine.move_to(EVENING - dt.timedelta(days=1))
    work = AssignmentFactory.create(course=course, due_at=DUE, grace_minutes=60)
    address = {
        "home": reverse("home"),
        "course": course.get_absolute_url(),
        "coursework": work.get_absolute_url(),
        "api": "/api/v1/assignments/",
    }[where]
    text = page_of(student, address)
    assert "18:00" in text
    assert "19:00" not in text


@pytest.mark.parametrize("moment", ["2027-01-29 17:30", "2027-01-31 23:30"])
def test_week_of_a_deadline_lasts_beyond_its_teaching_day(
    course: Course, student: User, time_machine: TimeMachineFixture, moment: str
) -> None:
    time_machine.move_to(dt.datetime.fromisoformat(f"{moment}+00:00"))
    for number, days in ((4, 0), (5, 7)):
        monday = MONDAY + dt.timedelta(days=days)
        WeekFactory.create(course=course, number=number, starts_on=monday)
    AssignmentFactory.create(course=course, title="Task 1", due_at=DUE)
    weeks = weeks_of(student, course).split('id="week-')[1:]
    assert ["This week" in week for week in weeks] == [True, False]
    assert ["<details open" in week for week in weeks] == [True, False]
    assert "Task 1 due" in weeks[0]


def test_deadline_of_the_evening_is_ahead_after_the_sessions_of_its_day(
    course: Course, student: User, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(EVENING, tick=False)
    SessionFactory.create(course=course, starts_at=DUE - dt.timedelta(hours=9))
    AssignmentFactory.create(course=course, title="Task 1", due_at=DUE)
    html = page_of(student, reverse("home"))
    assert "Next sessions" not in html
    assert "Task 1" in html
    assert "in 30 minutes" in html


def test_week_changes_at_midnight_in_summer_time(course: Course) -> None:
    for number in (4, 5):
        monday = dt.date(2027, 5, 3) + dt.timedelta(weeks=number)
        WeekFactory.create(course=course, number=number, starts_on=monday)
    staff = UserFactory.create(site_staff=True)
    # Half an hour before and after the midnight between them, which is 23:00 in UTC.
    for minute, number in ((-30, 4), (30, 5)):
        at = dt.datetime(2027, 6, 6, 23, tzinfo=dt.UTC) + dt.timedelta(minutes=minute)
        weeks = course_page(viewer_of(staff, course.slug, at), at).weeks
        assert [w.week.number for w in weeks if w.tense == Tense.NOW] == [number]


# --- Sessions, quizzes, the exam -----------------------------------------------------


def test_two_sessions_of_one_hour_are_both_shown(course: Course, student: User) -> None:
    at, week = hours(24), WeekFactory.create(course=course)
    for position, kind in enumerate((SessionKind.TUTORIAL, SessionKind.LAB)):
        SessionFactory.create(
            course=course, week=week, kind=kind, position=position, starts_at=at
        )
    html = weeks_of(student, course)
    assert html.index("<span>Tutorial</span>") < html.index("<span>Lab</span>")


def test_available_quiz_is_a_link_and_announced_ones_are_names() -> None:
    course = imported_course()
    html = weeks_of(EnrolmentFactory.create(course=course).user, course)
    for key in ("w4-quiz", "w6-quiz", "w7-quiz", "w8-quiz"):
        address = reverse("courses:material", args=[course.slug, key])
        assert f'id="material-{key}"' in html
        assert (f'href="{address}"' in html) == (key == "w4-quiz")


def test_announced_quiz_becomes_a_link_when_it_opens(
    course: Course, student: User, time_machine: TimeMachineFixture
) -> None:
    MaterialFactory.create(
        course=course,
        week=WeekFactory.create(course=course),
        kind=MaterialKind.QUIZ,
        url="https://example.org/quiz",
        opens_at=hours(24),
    )
    assert "https://example.org/quiz" not in weeks_of(student, course)
    time_machine.move_to(hours(25))
    assert "https://example.org/quiz" in weeks_of(student, course)


@pytest.mark.parametrize(
    ("examinable", "words"),
    [
        (Examinable.NO, "Not examinable"),
        (Examinable.PARTS, "Marked parts examinable"),
        (Examinable.ALL, "Examinable"),
    ],
)
def test_only_stated_facts_about_the_exam_are_shown(
    course: Course, student: User, examinable: Examinable, words: str
) -> None:
    lecture = LectureFactory.create(course=course)
    SessionLectureFactory.create(session__course=course, lecture=lecture)
    assert "xaminable" not in weeks_of(student, course)
    lecture.examinable = examinable
    lecture.save()
    assert words in weeks_of(student, course)


# --- People --------------------------------------------------------------------------


def test_export_gives_each_person_their_module_code(course: Course) -> None:
    for code in course.module_codes:
        EnrolmentFactory.create(
            course=course, module_code=code, user__email=f"{code}@example.org"
        )
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    text = export_roster(actor=lecturer, course=course).removeprefix("\ufeff")
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["module_code"]]
    assert {row["email"]: row["module_code"] for row in rows} == {
        "70010@example.org": "70010",
        "97111@example.org": "97111",
    }
