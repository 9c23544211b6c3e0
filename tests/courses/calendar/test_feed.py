"""A person's calendar feed, read by a real parser as a calendar program reads it."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from accounts.models import User
from courses.calendar.services import renew_feed, revoke_feed
from courses.calendar.zones import zones_of
from courses.models import CalendarFeed, Course, CourseChange, Enrolment
from tests.factories import (
    AssignmentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    ExtensionFactory,
    RoomFactory,
    SessionFactory,
    SessionLectureFactory,
    TeacherFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db
Limit = Callable[[int], AbstractContextManager[None]]
# A Friday in June, 09:00 in London.
SUMMER = dt.datetime(2027, 6, 4, 8, tzinfo=dt.UTC)
WINTER = dt.datetime(2027, 1, 15, 9, tzinfo=dt.UTC)


@pytest.fixture
def course() -> Course:
    return CourseFactory.create()


@pytest.fixture
def student(course: Course) -> User:
    return EnrolmentFactory.create(course=course).user


def ask(secret: str, **headers: str) -> Any:
    return Client().get(f"/calendar/{secret}.ics", headers=headers)


def calendar_file(user: User) -> Any:
    """Return the calendar that a program reads at the person's address."""
    answer = ask(renew_feed(actor=user))
    assert answer.status_code == 200
    return Calendar.from_ical(answer.content)


def events(user: User) -> dict[str, Any]:
    return {str(event["SUMMARY"]): event for event in calendar_file(user).events}


def only(user: User) -> Any:
    (event,) = calendar_file(user).events
    return event


# --- Sessions ----------------------------------------------------------------


@pytest.mark.parametrize("starts_at", [SUMMER, WINTER])
def test_nine_in_london_stays_nine_in_summer_and_winter(
    course: Course, student: User, starts_at: dt.datetime
) -> None:
    SessionFactory.create(course=course, starts_at=starts_at)
    event = only(student)
    start: Any = event.start
    assert start.hour == 9
    assert start.astimezone(dt.UTC) == starts_at
    assert event["DTSTART"].params["TZID"] == "Europe/London"
    assert event.end == starts_at + dt.timedelta(hours=1)


@pytest.mark.parametrize("moment", [SUMMER, WINTER])
def test_zone_in_the_file_agrees_with_the_system_s_zone(
    course: Course, student: User, moment: dt.datetime
) -> None:
    SessionFactory.create(course=course, starts_at=moment)
    (zone,) = calendar_file(student).timezones
    assert zone.tz_name == "Europe/London"
    own = zone.to_tz(lookup_tzid=False)
    local = moment.astimezone(ZoneInfo("Europe/London"))
    assert local.replace(tzinfo=own).astimezone(dt.UTC) == moment


def test_clocks_change_at_the_right_minute() -> None:
    (zone,) = zones_of([SUMMER.astimezone(ZoneInfo("Europe/London"))])
    starts = [
        [each.DTSTART.isoformat() for each in kind]
        for kind in (zone.daylight, zone.standard)
    ]
    assert starts[0][0] == "2027-03-28T01:00:00"
    assert "2027-10-31T02:00:00" in starts[1]


def test_course_in_utc_needs_no_zone() -> None:
    user = EnrolmentFactory.create(course__time_zone="UTC").user
    SessionFactory.create(course=user.enrolments.get().course, starts_at=SUMMER)
    calendar = calendar_file(user)
    assert not calendar.timezones
    assert calendar.events[0].start == SUMMER


def test_session_has_its_title_place_and_link_to_join(
    course: Course, student: User
) -> None:
    session = SessionFactory.create(
        course=course,
        room=RoomFactory.create(name="Huxley 308"),
        online_label="MS Teams",
        online_url="https://teams.example/join",
        queue_url="https://teams.example/queue",
        note="Bring a laptop.",
        by_team=True,
    )
    session.teachers.add(TeacherFactory.create(course=course, name="Kainz"))
    place = SessionLectureFactory.create(session=session, part="start")
    place.watch_before = True
    place.save()
    event = events(student)["70010/97111 Lecture"]
    assert event["LOCATION"] == "Huxley 308, MS Teams"
    assert event["URL"] == "https://teams.example/join"
    assert event["DESCRIPTION"].split("\n")[:5] == [
        "Bring a laptop.",
        f"{place.lecture} (start). Watch it before.",
        "With Kainz, the team.",
        "MS Teams: https://teams.example/join",
        "Queue: https://teams.example/queue",
    ]


def test_cancelled_session_stays_as_cancelled(course: Course, student: User) -> None:
    SessionFactory.create(
        course=course, cancelled_at=hours(-1), cancel_reason="The room is flooded."
    )
    event = events(student)["Cancelled: 70010/97111 Lecture"]
    assert event["STATUS"] == "CANCELLED"
    assert "Cancelled: The room is flooded." in event["DESCRIPTION"]


def test_moved_session_keeps_its_name_and_counts_up(
    course: Course, student: User
) -> None:
    session = SessionFactory.create(course=course, starts_at=SUMMER)
    before = only(student)
    session.moved_from, session.starts_at = SUMMER, SUMMER + dt.timedelta(days=3)
    session.ends_at = session.starts_at + dt.timedelta(hours=1)
    session.save()
    change = CourseChangeFactory.create(course=course, session=session)
    after = only(student)
    assert after["UID"] == before["UID"]
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 1)
    assert after["LAST-MODIFIED"].dt == change.made_at.replace(microsecond=0)
    assert "Moved from Friday 4 June 2027, 09:00 BST." in after["DESCRIPTION"]


def test_shift_of_the_run_updates_each_of_its_sessions(
    course: Course, student: User
) -> None:
    SessionFactory.create(course=course)
    CourseChangeFactory.create(course=course, kind=CourseChange.Kind.SHIFT)
    CourseChangeFactory.create(course=course, kind=CourseChange.Kind.MATERIAL)
    assert only(student)["SEQUENCE"] == 1


def test_session_without_a_time_is_not_in_a_calendar(
    course: Course, student: User
) -> None:
    SessionFactory.create(course=course, untimed=True)
    assert not calendar_file(student).events


# --- Deadlines ---------------------------------------------------------------


def test_deadline_is_the_persons_own(course: Course, student: User) -> None:
    assignment = AssignmentFactory.create(course=course, due_at=SUMMER)
    later = SUMMER + dt.timedelta(days=3)
    ExtensionFactory.create(assignment=assignment, student=student, due_at=later)
    other = EnrolmentFactory.create(course=course).user
    assistant = EnrolmentFactory.create(course=course, assistant=True).user
    assert [only(user).start for user in (student, other, assistant)] == [
        later,
        SUMMER,
        SUMMER,
    ]
    assert "The deadline for everybody else is Friday 4 June 2027, 09:00 BST." in str(
        only(student)["DESCRIPTION"]
    )
    assert "your own" not in str(only(other)["DESCRIPTION"])


def test_deadline_has_no_length_and_a_link(course: Course, student: User) -> None:
    assignment = AssignmentFactory.create(course=course, due_at=SUMMER)
    event = events(student)[f"Due: {assignment.title} (70010/97111)"]
    assert "DTEND" not in event
    assert event["URL"].endswith(assignment.get_absolute_url())


def test_late_period_is_shown_and_grace_is_not(course: Course, student: User) -> None:
    AssignmentFactory.create(course=course, due_at=SUMMER, grace_minutes=7)
    assert "Late work" not in str(only(student)["DESCRIPTION"])
    AssignmentFactory.create(
        course=course,
        title="Two",
        due_at=SUMMER,
        closes_at=SUMMER + dt.timedelta(days=1),
    )
    event = events(student)["Due: Two (70010/97111)"]
    assert "until Saturday 5 June 2027, 09:00 BST." in event["DESCRIPTION"]


def test_exam_component_is_not_a_deadline(course: Course, student: User) -> None:
    AssignmentFactory.create(course=course, weight_percent=Decimal(50))
    assert len(calendar_file(student).events) == 1


# --- Visibility -----------------------------------------------------------


def test_hidden_events_are_for_staff(course: Course, student: User) -> None:
    SessionFactory.create(course=course, hidden=True)
    AssignmentFactory.create(course=course, hidden=True)
    SessionFactory.create(course=course, release_at=hours(1), title="Later")
    assert not calendar_file(student).events
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    found = calendar_file(lecturer).events
    assert len(found) == 3
    assert all("Students do not see this yet." in e["DESCRIPTION"] for e in found)


def test_event_appears_once_it_is_released(course: Course, student: User) -> None:
    SessionFactory.create(course=course, release_at=hours(1))
    with time_machine.travel(hours(2), tick=False):
        assert len(calendar_file(student).events) == 1


def test_hidden_course_shows_nothing(course: Course, student: User) -> None:
    SessionFactory.create(course=course)
    course.release_at = None
    course.save()
    assert not calendar_file(student).events


def test_people_who_left_see_nothing(course: Course, student: User) -> None:
    SessionFactory.create(course=course)
    AssignmentFactory.create(course=course)
    Enrolment.objects.update(is_active=False)
    assert not calendar_file(student).events


def test_site_staff_have_the_courses_that_they_are_in(course: Course) -> None:
    staff = UserFactory.create(site_staff=True)
    EnrolmentFactory.create(course=course, user=staff, assistant=True)
    SessionFactory.create(course=course)
    SessionFactory.create()
    assert len(calendar_file(staff).events) == 1


def test_all_courses_of_a_person_are_in_one_calendar(student: User) -> None:
    other = EnrolmentFactory.create(user=student).course
    for row in student.enrolments.all():
        SessionFactory.create(course=row.course)
    assert other in [row.course for row in student.enrolments.all()]
    assert len(calendar_file(student).events) == 2


def test_events_of_years_ago_are_left_out(course: Course, student: User) -> None:
    SessionFactory.create(course=course, starts_at=hours(-24 * 500))
    AssignmentFactory.create(course=course, due_at=hours(-24 * 500))
    SessionFactory.create(course=course, over=True)
    assert len(calendar_file(student).events) == 1


# --- The address -------------------------------------------------------------


def test_nothing_but_a_hash_is_stored(student: User) -> None:
    secret = renew_feed(actor=student)
    assert len(secret) == 43
    assert secret not in str(CalendarFeed.objects.values().get())


def test_new_address_ends_the_old_one(student: User) -> None:
    old, new = (renew_feed(actor=student) for _ in range(2))
    assert (ask(old).status_code, ask(new).status_code) == (404, 200)


def test_revoked_closed_and_unknown_addresses_are_the_same_404(student: User) -> None:
    secret, other = renew_feed(actor=student), UserFactory.create()
    closed = renew_feed(actor=other)
    User.objects.filter(pk=other.pk).update(is_active=False)
    revoke_feed(actor=student)
    found = [ask(each) for each in (secret, closed, "x" * 43, "x", "%00", "é" * 43)]
    assert {answer.status_code for answer in found} == {404}
    pages = {a.content.replace(a.wsgi_request.path.encode(), b"") for a in found}
    assert len(pages) == 1


def test_answer_is_private_and_of_the_calendar_type(student: User) -> None:
    answer = ask(renew_feed(actor=student))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert not answer.cookies


def test_unchanged_calendar_answers_304(course: Course, student: User) -> None:
    session = SessionFactory.create(course=course)
    secret = renew_feed(actor=student)
    with time_machine.travel(hours(0), tick=False) as clock:
        etag = ask(secret).headers["ETag"]
        clock.shift(dt.timedelta(hours=2))
        again = ask(secret, if_none_match=etag)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["Cache-Control"] == "private, no-cache"
    session.title = "Another"
    session.save()
    assert ask(secret, if_none_match=etag).status_code == 200


def test_reading_is_recorded_once_an_hour(student: User) -> None:
    secret = renew_feed(actor=student)
    noted = []
    with time_machine.travel(hours(0), tick=False) as clock:
        for minutes in (0, 30, 31):
            clock.shift(dt.timedelta(minutes=minutes))
            ask(secret)
            noted.append(CalendarFeed.objects.get().read_at)
    assert noted[0] == noted[1] != noted[2]


def test_calendar_has_a_name_and_a_refresh_interval(student: User) -> None:
    calendar = calendar_file(student)
    assert calendar.calendar_name == "Softmark"
    assert calendar["REFRESH-INTERVAL"].dt == dt.timedelta(hours=1)
    assert calendar["X-PUBLISHED-TTL"] == "PT1H"
    assert calendar["VERSION"] == "2.0"


def test_lines_are_folded_between_letters(course: Course, student: User) -> None:
    note = "Übung: größer, ∇θ; “so” — 深層学習 \\ " * 12
    SessionFactory.create(course=course, note=note, title="Ü" * 70)
    content = ask(renew_feed(actor=student)).content
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    event = only(student)
    assert str(event["DESCRIPTION"]).startswith(note)
    assert event["SUMMARY"] == f"70010/97111 {'Ü' * 70}"


def test_note_cannot_write_lines_of_its_own(course: Course, student: User) -> None:
    SessionFactory.create(course=course, note="x\r\nEND:VEVENT\r\nBEGIN:VEVENT\n")
    assert "END:VEVENT" in str(only(student)["DESCRIPTION"])


def test_queries_are_few_and_do_not_grow(
    course: Course, student: User, assert_max_queries: Limit
) -> None:
    for _ in range(8):
        session = SessionFactory.create(course=course)
        SessionLectureFactory.create(session=session)
        session.teachers.add(TeacherFactory.create(course=course))
        assignment = AssignmentFactory.create(course=course)
        ExtensionFactory.create(assignment=assignment, student=student)
    secret = renew_feed(actor=student)
    with assert_max_queries(6):
        answer = ask(secret)
    assert answer.content.count(b"BEGIN:VEVENT") == 16
    with assert_max_queries(5):
        ask(secret)


def test_site_staff_end_somebody_s_address(student: User) -> None:
    secret, other = renew_feed(actor=student), renew_feed(actor=UserFactory.create())
    admin = Client()
    admin.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    chosen = {"action": "end_calendars", "_selected_action": [student.pk]}
    answer = admin.post(reverse("admin:accounts_user_changelist"), chosen, follow=True)
    assert "1 calendar address ended" in answer.content.decode()
    assert [ask(each).status_code for each in (secret, other)] == [404, 200]
