"""Sessions on the course's page: time, place, people, and lectures to watch before."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from courses.models import Course, Week
from formats.choices import MaterialKind
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    AttachmentFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    LectureFactory,
    MaterialFactory,
    RoomFactory,
    SessionFactory,
    SessionLectureFactory,
    TeacherFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
Budget = Callable[[int], AbstractContextManager[None]]
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def week(course: Course) -> Week:
    return WeekFactory.create(course=course, number=2)


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


def page_of(client: Client, user: User, course: Course, query: str = "") -> str:
    client.force_login(user)
    answer = client.get(course.get_absolute_url() + query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_session_shows_its_place_and_people(
    client: Client, week: Week, student: User
) -> None:
    session = SessionFactory.create(
        course=week.course,
        week=week,
        room=RoomFactory.create(name="Huxley 308"),
        online_label="MS Teams",
        online_url="https://teams.example/join",
        by_team=True,
    )
    session.teachers.add(
        TeacherFactory.create(course=week.course, name="Li", position=2),
        TeacherFactory.create(course=week.course, name="Coppock", position=1),
    )
    html = page_of(client, student, week.course)
    for words in ("Huxley 308", "https://teams.example/join", "Coppock, Li, the team"):
        assert words in html
    assert "online only" not in html


def test_session_without_a_room_is_online_only(
    client: Client, week: Week, student: User
) -> None:
    SessionFactory.create(course=week.course, week=week, online=True)
    assert "online only" in page_of(client, student, week.course)


def test_summer_session_is_shown_in_summer_time(
    client: Client, week: Week, student: User
) -> None:
    at = dt.datetime(2027, 6, 4, 9, 0, tzinfo=LONDON)
    SessionFactory.create(course=week.course, week=week, starts_at=at)
    html = page_of(client, student, week.course)
    assert "09:00\N{EN DASH}10:00 BST" in html
    assert at.astimezone(dt.UTC).hour == 8


def test_session_without_a_time_is_part_of_its_week(
    client: Client, week: Week, student: User
) -> None:
    SessionFactory.create(course=week.course, week=week, untimed=True, title="Start")
    html = page_of(client, student, week.course)
    assert "No fixed time" in html
    assert "Next session" not in html


def test_lecture_is_watched_before_each_session_that_asks_for_it(
    client: Client, week: Week, student: User
) -> None:
    lecture = LectureFactory.create(course=week.course, number="02", title="Blocks")
    MaterialFactory.create(
        course=week.course,
        lecture=lecture,
        kind=MaterialKind.RECORDING,
        code="",
        title="YouTube",
        url="https://example.org/v",
    )
    for number in (2, 3):
        each = week if number == 2 else WeekFactory.create(course=week.course, number=3)
        session = SessionFactory.create(course=week.course, week=each)
        SessionLectureFactory.create(
            session=session, lecture=lecture, watch_before=True, part="start"
        )
    html = page_of(client, student, week.course)
    weeks = html.split('id="week-')[1:]
    assert [part.count("Watch it before") for part in weeks] == [1, 1]
    assert [part.count("https://example.org/v") for part in weeks] == [1, 1]
    assert "(start)" in weeks[0]


def test_recording_of_a_lecture_without_session_is_on_a_shelf(
    client: Client, week: Week, student: User
) -> None:
    lecture = LectureFactory.create(course=week.course)
    MaterialFactory.create(
        course=week.course,
        week=week,
        lecture=lecture,
        kind=MaterialKind.RECORDING,
        url="https://example.org/v",
    )
    assert page_of(client, student, week.course).count("https://example.org/v") == 1


def test_session_shows_its_materials_in_order_and_no_shelf_repeats_them(
    client: Client, week: Week, student: User
) -> None:
    session = SessionFactory.create(course=week.course, week=week)
    kinds = (MaterialKind.RECORDING, MaterialKind.NOTEBOOK) * 2
    for position, kind in enumerate(kinds):
        MaterialFactory.create(
            course=week.course,
            week=week,
            session=session,
            kind=kind,
            position=position,
            title=f"Part {position}",
            url="https://example.org/",
        )
    html = page_of(client, student, week.course)
    places = [html.index(f"Part {position}<") for position in range(4)]
    assert places == sorted(places)
    assert html.count("Part 1<") == 1


def test_material_of_two_weeks_is_one_row_shown_in_both(
    client: Client, week: Week, student: User
) -> None:
    other = WeekFactory.create(course=week.course, number=3)
    notes = MaterialFactory.create(course=week.course, week=week, code="N02")
    notes.also_in.add(other)
    html = page_of(client, student, week.course)
    assert ["N02" in part for part in html.split('id="week-')[1:]] == [True, True]
    assert "For the whole course" not in html


def test_week_without_a_session_says_so(
    client: Client, week: Week, student: User
) -> None:
    assert "No session this week" in page_of(client, student, week.course)
    SessionFactory.create(course=week.course, week=week, cancelled_at=hours(-1))
    html = page_of(client, student, week.course)
    assert "No session this week" in html
    assert "Cancelled" in html


def test_next_session_is_the_nearest_that_takes_place(
    client: Client, week: Week, student: User
) -> None:
    make = {"course": week.course, "week": week}
    SessionFactory.create(**make, title="Over", over=True)
    SessionFactory.create(
        **make, title="Off", starts_at=hours(1), cancelled_at=hours(-1)
    )
    SessionFactory.create(**make, title="Soon", starts_at=hours(2))
    SessionFactory.create(**make, title="Later", starts_at=hours(3))
    html = page_of(client, student, week.course)
    card = html[html.index("Next session") :]
    assert "Soon" in card[:400]


def test_moved_session_says_when_it_was_to_be(
    client: Client, week: Week, student: User
) -> None:
    SessionFactory.create(course=week.course, week=week, moved_from=hours(2))
    html = page_of(client, student, week.course)
    assert "Moved" in html
    assert "It was planned for" in html


def test_hidden_session_is_for_staff_only(
    client: Client, week: Week, student: User
) -> None:
    SessionFactory.create(course=week.course, week=week, hidden=True, title="Secret")
    assert "Secret" not in page_of(client, student, week.course)
    lecturer = EnrolmentFactory.create(course=week.course, lecturer=True).user
    assert "Secret" in page_of(client, lecturer, week.course)


def test_announced_material_has_a_name_and_no_content(
    client: Client, week: Week, student: User
) -> None:
    material = MaterialFactory.create(
        course=week.course,
        week=week,
        title="Quiz 2",
        announced=True,
        url="https://example.org/quiz",
    )
    AttachmentFactory.create(material=material, url="https://example.org/answers")
    html = page_of(client, student, week.course)
    assert "Quiz 2" in html
    assert "Opens" in html
    assert "https://example.org/" not in html
    lecturer = EnrolmentFactory.create(course=week.course, lecturer=True).user
    assert "https://example.org/quiz" in page_of(client, lecturer, week.course)


def test_answers_are_shown_from_their_release_on(
    client: Client, week: Week, student: User
) -> None:
    sheet = MaterialFactory.create(
        course=week.course, week=week, url="https://example.org/sheet"
    )
    AttachmentFactory.create(material=sheet, label="Model answers", hidden=True)
    AttachmentFactory.create(material=sheet, label="Hints")
    html = page_of(client, student, week.course)
    assert "Hints" in html
    assert "Model answers" not in html


def test_material_with_several_attachments_needs_no_file_of_its_own(
    client: Client, week: Week, student: User
) -> None:
    item = MaterialFactory.create(course=week.course, week=week, code="N07")
    for label in ("intro", "slides"):
        AttachmentFactory.create(material=item, label=label)
    html = page_of(client, student, week.course)
    assert html.index("intro") < html.index("slides")
    assert "Not available yet" not in html


def test_announcements_are_at_the_top_until_they_end(
    client: Client, week: Week, student: User
) -> None:
    make = {"course": week.course}
    AnnouncementFactory.create(**make, title="Pinned", is_pinned=True)
    AnnouncementFactory.create(**make, title="Ended", ends_at=hours(-0.5))
    AnnouncementFactory.create(**make, title="Draft", hidden=True)
    AnnouncementFactory.create(**make, title="Old", release_at=hours(-24 * 20))
    html = page_of(client, student, week.course)
    assert "Pinned" in html
    for title in ("Ended", "Draft", "Old"):
        assert title not in html


@pytest.mark.parametrize("weeks", [1, 10])
def test_a_whole_course_takes_twelve_queries(
    client: Client,
    course: Course,
    student: User,
    assert_max_queries: Budget,
    weeks: int,
) -> None:
    EnrolmentFactory.create_batch(20 * weeks, course=course)
    monday = timezone.now().date()
    for number in range(2, 2 + weeks):
        week = WeekFactory.create(course=course, number=number, starts_on=monday)
        for _ in range(2):
            session = SessionFactory.create(course=course, week=week)
            session.teachers.add(TeacherFactory.create(course=course))
            place = SessionLectureFactory.create(session=session)
            MaterialFactory.create(
                course=course, lecture=place.lecture, kind=MaterialKind.RECORDING
            )
        for kind in MaterialKind:
            material = MaterialFactory.create(course=course, week=week, kind=kind)
            AttachmentFactory.create(material=material)
            material.also_in.add(week)
        work = AssignmentFactory.create(course=course, week=week)
        ExtensionFactory.create(assignment=work, student=student)
        AnnouncementFactory.create(course=course)
    client.force_login(student)
    with assert_max_queries(12):
        client.get(course.get_absolute_url())
