"""Every change of an event makes it newer for programs that read it before."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db.models import Model
from django.test import Client
from icalendar import Calendar

from accounts.models import User
from courses.calendar.services import calendar_file, renew_feed, revoke_feed
from courses.models import (
    Assignment,
    CalendarHistory,
    Course,
    Extension,
    Room,
    Session,
    SessionLecture,
)
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionFactory,
    LectureFactory,
    SessionFactory,
    TeacherFactory,
    hours,
)

pytestmark = pytest.mark.django_db
DUE = dt.datetime(2027, 6, 4, 18, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def student() -> User:
    """Give a student in a course with one session and one deadline, in early 2027."""
    course = EnrolmentFactory.create().course
    SessionFactory.create(course=course, starts_at=DUE - 7 * DAY)
    AssignmentFactory.create(course=course, due_at=DUE)
    user: User = course.enrolments.get().user
    return user


def read(user: User) -> dict[str, Any]:
    """Return the events, session and deadline, as a program reads them now."""
    answer = Client().get(f"/calendar/{renew_feed(actor=user)}.ics")
    events = Calendar.from_ical(answer.content).events
    return {str(event["UID"]).split("-")[0]: event for event in events}


def stamps(event: Any) -> list[Any]:
    return [event["SEQUENCE"], event["LAST-MODIFIED"].dt, event["DTSTAMP"].dt]


def change(model: type[Model], **values: Any) -> Callable[[User], object]:
    return lambda _: model._default_manager.update(**values)


def extend(student: User) -> None:
    extended = DUE + 3 * DAY
    ExtensionFactory.create(
        assignment=Assignment.objects.get(), student=student, due_at=extended
    )


def teach(_: User) -> None:
    session = Session.objects.get()
    session.teachers.add(TeacherFactory.create(course=session.course))


def lecture(_: User) -> None:
    session = Session.objects.get()
    SessionLecture.objects.create(
        session=session, lecture=LectureFactory.create(course=session.course)
    )


CHANGES: dict[str, tuple[str, Callable[[User], object]]] = {
    "common deadline": ("deadline", change(Assignment, due_at=DUE + DAY)),
    "coursework renamed": ("deadline", change(Assignment, title="Another")),
    "coursework at another address": ("deadline", change(Assignment, slug="new")),
    "late work": ("deadline", change(Assignment, closes_at=DUE + DAY)),
    "extension granted": ("deadline", extend),
    "session retimed": ("session", change(Session, ends_at=DUE)),
    "session renamed": ("session", change(Session, title="Revision")),
    "another kind": ("session", change(Session, kind="lab")),
    "room renamed": ("session", change(Room, name="Huxley 1")),
    "no room": ("session", change(Session, room=None)),
    "online": ("session", change(Session, online_url="https://teams.example/a")),
    "queue": ("session", change(Session, queue_url="https://teams.example/q")),
    "note": ("session", change(Session, note="Bring a laptop.")),
    "cancelled": ("session", change(Session, cancelled_at=DUE)),
    "moved": ("session", change(Session, moved_from=DUE)),
    "by the team": ("session", change(Session, by_team=True)),
    "teacher": ("session", teach),
    "lecture": ("session", lecture),
}


@pytest.mark.parametrize("what", CHANGES)
def test_changed_event_is_newer_and_the_other_one_is_unchanged(
    student: User, what: str
) -> None:
    kind, act = CHANGES[what]
    before = read(student)
    act(student)
    after = read(student)
    other = ({"session", "deadline"} - {kind}).pop()
    pairs = zip(stamps(before[kind]), stamps(after[kind]), strict=True)
    assert all(old < new for old, new in pairs)
    assert after[kind]["UID"] == before[kind]["UID"]
    assert after[other].to_ical() == before[other].to_ical()
    assert read(student)[kind].to_ical() == after[kind].to_ical()


@pytest.mark.parametrize(
    "values",
    [{"module_codes": ["60001"]}, {"time_zone": "Asia/Dubai"}, {"slug": "another"}],
)
def test_change_of_the_course_makes_all_its_events_newer(
    student: User, values: dict[str, Any]
) -> None:
    before = read(student)
    Course.objects.update(**values)
    after = read(student)
    for kind in ("session", "deadline"):
        pairs = zip(stamps(before[kind]), stamps(after[kind]), strict=True)
        assert all(old < new for old, new in pairs)


@pytest.mark.parametrize("withdrawn", [False, True])
def test_extension_moved_or_withdrawn_is_newer_each_time(
    student: User,
    withdrawn: bool,  # noqa: FBT001  parametrised
) -> None:
    extend(student)
    first = read(student)["deadline"]
    rows = Extension.objects.all()
    rows.delete() if withdrawn else rows.update(due_at=DUE + DAY)
    second = read(student)["deadline"]
    assert second.start == (DUE if withdrawn else DUE + DAY)
    pairs = zip(stamps(first), stamps(second), strict=True)
    assert all(old < new for old, new in pairs)


def test_extension_changes_its_student_s_calendar_alone(student: User) -> None:
    other = EnrolmentFactory.create(course=Course.objects.get()).user
    before = read(other)["deadline"]
    extend(student)
    assert read(other)["deadline"].to_ical() == before.to_ical()


def test_sequence_never_falls_even_if_a_change_is_undone(student: User) -> None:
    told = []
    for title in ("A", "B", "A", "B", "A"):
        Assignment.objects.update(title=title)
        told.append(stamps(read(student)["deadline"]))
    assert told == sorted(told)
    assert [each[0] for each in told] == [0, 1, 2, 3, 4]


def test_sequence_continues_after_the_calendar_address_ends(student: User) -> None:
    read(student)
    Assignment.objects.update(title="Another")
    before = stamps(read(student)["deadline"])
    revoke_feed(actor=student)
    assert stamps(read(student)["deadline"]) == before


def test_event_that_was_hidden_and_shown_again_is_newer(student: User) -> None:
    Assignment.objects.update(title="Another")
    before = read(student)["deadline"]
    Assignment.objects.update(release_at=None)
    assert "deadline" not in read(student)
    Assignment.objects.update(release_at=hours(-1), title="Digits")
    pairs = zip(stamps(before), stamps(read(student)["deadline"]), strict=True)
    assert all(old < new for old, new in pairs)


def test_changes_within_one_second_have_different_stamps(student: User) -> None:
    with time_machine.travel(DUE - 30 * DAY, tick=False):
        told = []
        for title in ("A", "B", "C"):
            Assignment.objects.update(title=title)
            told.append(stamps(read(student)["deadline"])[1])
    assert told[0] < told[1] < told[2]


def test_concurrent_readings_do_not_lower_a_sequence(student: User) -> None:
    calendar_file(student, DUE - DAY)
    slow = CalendarHistory.objects.get()
    Assignment.objects.update(title="Another")
    before = read(student)["deadline"]["SEQUENCE"]
    assert not CalendarHistory.objects.store_if_current(slow, {})
    assert read(student)["deadline"]["SEQUENCE"] == before


def test_extended_deadline_stays_in_the_calendar_as_long_as_others(
    student: User,
) -> None:
    Assignment.objects.update(due_at=hours(-24 * 401))
    ExtensionFactory.create(
        assignment=Assignment.objects.get(), student=student, due_at=hours(-24)
    )
    assert "deadline" in read(student)
