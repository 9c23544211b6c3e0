"""Reading sessions and lectures."""

import datetime as dt

import pytest

from accounts.models import User
from courses.models import Course
from tests.api.asking import get, rows, session_of
from tests.factories import (
    CourseFactory,
    EnrolmentFactory,
    LectureFactory,
    SessionFactory,
    SessionLectureFactory,
    TeacherFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="dl-2027")


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


def test_session_has_time_place_teachers_and_lectures(
    student: User, course: Course
) -> None:
    session = SessionFactory.create(
        course=course,
        week=WeekFactory.create(course=course, number=7),
        key="w7-lecture",
        online_label="MS Teams",
        online_url="https://teams.example/join",
        starts_at=dt.datetime(2027, 6, 4, 8, tzinfo=dt.UTC),
    )
    session.teachers.add(TeacherFactory.create(course=course, name="Kainz"))
    lecture = LectureFactory.create(course=course, number="07", title="GANs")
    SessionLectureFactory.create(session=session, lecture=lecture, part="start")
    found = get(student, f"sessions/{session.pk}/")
    assert (found["week"], found["key"], found["title"]) == (7, "w7-lecture", "Lecture")
    assert dt.datetime.fromisoformat(found["starts_at"]) == session.starts_at
    assert found["room"] == str(session.room)
    assert found["teachers"] == ["Kainz"]
    assert found["online_url"] == "https://teams.example/join"
    assert found["lectures"] == [
        {"number": "07", "title": "GANs", "part": "start", "watch_before": False}
    ]


def test_session_online_only_has_no_room(student: User, course: Course) -> None:
    SessionFactory.create(course=course, online=True)
    (found,) = rows(student, "sessions/")
    assert (found["room"], found["online_label"]) == (None, "MS Teams")


def test_cancelled_session_is_listed_as_such(student: User, course: Course) -> None:
    SessionFactory.create(course=course, cancelled_at=hours(-1), cancel_reason="ill")
    (found,) = rows(student, "sessions/")
    assert (found["is_cancelled"], found["cancel_reason"]) == (True, "ill")


def test_sessions_are_found_by_week_kind_and_time(
    student: User, course: Course
) -> None:
    WeekFactory.create(course=course, number=2)
    week = WeekFactory.create(course=course, number=9)
    SessionFactory.create(course=course, key="past", over=True)
    SessionFactory.create(course=course, key="lab", week=week, kind="lab")
    SessionFactory.create(course=course, key="far", starts_at=hours(500))
    SessionFactory.create(course=course, key="untimed", untimed=True)

    def keys(**query: object) -> list[str]:
        return [row["key"] for row in rows(student, "sessions/", **query)]

    assert keys() == ["past", "lab", "far", "untimed"]
    assert keys(week=9) == keys(kind="lab") == ["lab"]
    assert keys(after=hours(0).isoformat()) == ["lab", "far"]
    assert keys(before=hours(100).isoformat()) == ["past", "lab"]
    other = EnrolmentFactory.create(user=student).course
    assert keys(course=other.slug) == []


@pytest.mark.parametrize(
    "query", [{"after": "yesterday"}, {"before": "\0"}, {"kind": "spell"}]
)
def test_bad_filter_is_an_error_at_its_parameter(
    student: User, query: dict[str, str]
) -> None:
    answer = session_of(student).get("/api/v1/sessions/", query)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["attr"] in query


def test_hidden_session_is_for_staff(student: User, course: Course) -> None:
    SessionFactory.create(course=course, hidden=True)
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    assert rows(student, "sessions/") == []
    assert len(rows(assistant, "sessions/")) == 1


def test_lectures_are_in_order_of_their_numbers(student: User, course: Course) -> None:
    for number in ("10", "02"):
        LectureFactory.create(course=course, number=number)
    LectureFactory.create()
    found = rows(student, "lectures/")
    assert [lecture["number"] for lecture in found] == ["02", "10"]
    assert len(rows(student, "lectures/", number="02")) == 1
