"""Forms with which staff change a course: nothing typed is lost, faults are in words."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from courses.models import Announcement, Course, CourseChange, Session
from formats.choices import Role
from tests.factories import (
    AnnouncementFactory,
    AssignmentFactory,
    CourseChangeFactory,
    CourseFactory,
    EnrolmentFactory,
    RoomFactory,
    SessionFactory,
    UserFactory,
    WeekFactory,
    hours,
)

pytestmark = pytest.mark.django_db
NINE = dt.datetime(2027, 2, 5, 9, tzinfo=dt.UTC)
NOW = dt.datetime(2027, 1, 20, 12, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def january() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def course() -> Course:
    return CourseFactory.create(slug="70010", academic_year="2026-27")


@pytest.fixture
def session(course: Course) -> Session:
    week = WeekFactory.create(course=course, number=5, starts_on=dt.date(2027, 2, 1))
    return SessionFactory.create(course=course, week=week, starts_at=NINE)


@pytest.fixture
def lecturer(course: Course) -> Client:
    return client_of(course, Role.LECTURER)


def client_of(course: Course, role: Role) -> Client:
    user = UserFactory.create()
    EnrolmentFactory.create(course=course, user=user, role=role)
    client = Client()
    client.force_login(user)
    return client


def at(name: str, course: Course, *args: Any) -> str:
    return reverse(f"courses:{name}", args=[course.slug, *args])


# --- Sessions ---------------------------------------------------------------------


def move_form(**changed: Any) -> dict[str, Any]:
    return {
        "day": "2027-05-07",
        "starts": "09:00",
        "ends": "10:00",
        "reason": "snow",
        **changed,
    }


def test_move_form_shows_what_holds(lecturer: Client, session: Session) -> None:
    page = lecturer.get(at("session-move", session.course, session.pk)).content.decode()
    for value in ('value="2027-02-05"', 'value="09:00"', 'value="10:00"'):
        assert value in page


def test_session_moves_to_an_hour_of_the_courses_clock(
    lecturer: Client, session: Session
) -> None:
    url = at("session-move", session.course, session.pk)
    assert lecturer.post(url, move_form()).status_code == 302
    session.refresh_from_db()
    assert session.starts_at == dt.datetime(2027, 5, 7, 8, tzinfo=dt.UTC)


def test_time_is_of_the_courses_zone_and_not_the_sites(
    lecturer: Client, session: Session
) -> None:
    Course.objects.update(time_zone="America/New_York")
    url = at("session-move", session.course, session.pk)
    assert b'value="04:00"' in lecturer.get(url).content
    lecturer.post(url, move_form())
    session.refresh_from_db()
    assert session.starts_at == dt.datetime(2027, 5, 7, 13, tzinfo=dt.UTC)


def test_hour_that_summer_time_skips_is_refused(
    lecturer: Client, session: Session
) -> None:
    url = at("session-move", session.course, session.pk)
    form = move_form(day="2027-03-28", starts="01:30", ends="03:00")
    answer = lecturer.post(url, form)
    assert answer.status_code == 422
    assert (
        "has no 01:30 on Sun 28 Mar 2027" in answer.context["form"].errors["starts"][0]
    )


MOMENTS = [
    ("courses:announcements", "release_at", {"when": "later"}),
    ("courses:announcements", "ends_at", {"when": "now"}),
    ("courses:course-settings", "release_at", {"visible": "later"}),
    ("grading:extensions", "due_at", {}),
    ("grading:release", "at", {"when": "later"}),
]


@pytest.mark.parametrize(("name", "field", "given"), MOMENTS)
def test_every_page_refuses_such_an_hour_in_words(
    lecturer: Client, course: Course, name: str, field: str, given: dict[str, Any]
) -> None:
    of = [course.slug]
    if name.startswith("grading:"):
        of.append(AssignmentFactory.create(course=course).slug)
    for entered, words in (
        ("2027-03-28T01:30", "has no 01:30 on Sun 28 Mar 2027"),
        ("2027-10-31T01:30", "has 01:30 twice on Sun 31 Oct 2027"),
    ):
        answer = lecturer.post(reverse(name, args=of), {**given, field: entered})
        assert answer.status_code == 422
        (error,) = answer.context["form"].errors[field]
        assert words in error
        assert "Enter a time before 01:00, or 02:00 or later." in error


def test_stored_moment_stays_where_nothing_else_is_entered(
    lecturer: Client, course: Course
) -> None:
    stored = dt.datetime(2027, 10, 31, 1, 30, 7, tzinfo=dt.UTC)  # the second 01:30
    Course.objects.update(release_at=stored)
    url = reverse("courses:course-settings", args=[course.slug])
    given = {
        "title": "New",
        "module_codes": "70010",
        "visible": "later",
        "release_at": "2027-10-31T01:30",
    }
    assert lecturer.post(url, given).status_code == 302
    course.refresh_from_db()
    assert (course.title, course.release_at) == ("New", stored)


def test_refused_move_keeps_what_was_typed(lecturer: Client, session: Session) -> None:
    room = RoomFactory.create(name="Huxley 311")
    url = at("session-move", session.course, session.pk)
    form = move_form(ends="08:00", room=room.pk, online_label="Zoom", reason="fire")
    answer = lecturer.post(url, form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "It must end after its start." in page
    assert f'<option value="{room.pk}" selected>' in page
    for value in ("Zoom", "fire", "08:00"):
        assert f'value="{value}"' in page


@pytest.mark.parametrize("verb", ["cancel", "restore", "move"])
def test_reason_is_asked_for(lecturer: Client, session: Session, verb: str) -> None:
    url = at(f"session-{verb}", session.course, session.pk)
    answer = lecturer.post(url, move_form(reason=""))
    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors


def test_cancel_and_restore_lead_back(lecturer: Client, session: Session) -> None:
    for verb, is_cancelled in (("cancel", True), ("restore", False)):
        url = at(f"session-{verb}", session.course, session.pk)
        answer = lecturer.post(url, {"reason": "because"}, follow=True)
        assert answer.redirect_chain[-1][0] == at("manage", session.course)
        session.refresh_from_db()
        assert session.is_cancelled is is_cancelled


def test_what_is_cancelled_already_says_so(lecturer: Client, session: Session) -> None:
    url = at("session-cancel", session.course, session.pk)
    lecturer.post(url, {"reason": "ill"})
    answer = lecturer.post(url, {"reason": "very ill"})
    assert answer.status_code == 422
    assert "It is cancelled already." in answer.content.decode()
    assert "very ill" in answer.content.decode()


# --- Shift ------------------------------------------------------------------------


def shift_form(client: Client, course: Course, **changed: Any) -> dict[str, Any]:
    page = client.get(at("shift", course), {"from_week": 5, "weeks": 1})
    digest = page.context["plan"].digest
    return {"from_week": 5, "weeks": 1, "digest": digest, "reason": "snow", **changed}


def test_shift_is_shown_before_and_after(lecturer: Client, session: Session) -> None:
    url = at("shift", session.course)
    page = lecturer.get(url, {"from_week": 5, "weeks": 1}).content.decode()
    for words in (
        "Mon 1 Feb 2027",
        "Mon 8 Feb 2027",
        "Fri 5 Feb 2027, 09:00 GMT",
        "Fri 12 Feb 2027, 09:00 GMT",
    ):
        assert words in page
    session.refresh_from_db()
    assert session.starts_at == NINE


def test_confirmed_shift_is_done(lecturer: Client, session: Session) -> None:
    course = session.course
    answer = lecturer.post(at("shift", course), shift_form(lecturer, course))
    assert answer["Location"] == at("manage", course)
    session.refresh_from_db()
    assert session.starts_at == NINE + dt.timedelta(days=7)


def test_stale_preview_is_refused_and_the_new_one_shown(
    lecturer: Client, session: Session
) -> None:
    course = session.course
    form = shift_form(lecturer, course, reason="the hall is flooded")
    SessionFactory.create(course=course, week=session.week, starts_at=NINE)
    answer = lecturer.post(at("shift", course), form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "has changed since you looked" in page
    assert "the hall is flooded" in page
    assert answer.context["plan"].digest != form["digest"]


def test_shift_needs_a_reason(lecturer: Client, session: Session) -> None:
    course = session.course
    form = shift_form(lecturer, course, reason=" ")
    answer = lecturer.post(at("shift", course), form)
    assert answer.status_code == 422
    assert "Say why" in answer.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"from_week": 4, "weeks": 1},
        {"from_week": 5, "weeks": 0},
        {"from_week": 5, "weeks": 99},
        {"from_week": "x", "weeks": ""},
    ],
)
def test_shift_that_makes_no_sense_is_told_at_the_field(
    lecturer: Client, session: Session, asked: dict[str, Any]
) -> None:
    answer = lecturer.get(at("shift", session.course), asked)
    assert answer.status_code == 422
    assert answer.context["form"].errors


def test_shift_that_overlaps_cannot_be_confirmed(
    lecturer: Client, session: Session
) -> None:
    course = session.course
    WeekFactory.create(course=course, number=4, starts_on=dt.date(2027, 1, 25))
    page = lecturer.get(at("shift", course), {"from_week": 5, "weeks": -1})
    assert "Week 5 would begin on Mon 25 Jan 2027" in page.content.decode()
    assert b"Move all of this" not in page.content


# --- Copy -------------------------------------------------------------------------


def test_copy_form_proposes_next_year(lecturer: Client, session: Session) -> None:
    form = lecturer.get(at("course-copy", session.course)).context["form"]
    assert form.initial == {
        "academic_year": "2027-28",
        "slug": "70010-2027-28",
        "first_week_on": dt.date(2028, 1, 31),
    }


def test_copy_leads_to_its_own_page(lecturer: Client, session: Session) -> None:
    url = at("course-copy", session.course)
    form = lecturer.get(url).context["form"].initial
    answer = lecturer.post(url, form, follow=True)
    made = Course.objects.get(slug="70010-2027-28")
    assert answer.redirect_chain[-1][0] == at("manage", made)
    assert made.sessions.count() == 1


def test_refused_copy_says_why_at_the_field(lecturer: Client, session: Session) -> None:
    url = at("course-copy", session.course)
    form = {"academic_year": "2027-28", "slug": "70010", "first_week_on": "2028-02-02"}
    answer = lecturer.post(url, form)
    assert answer.status_code == 422
    assert "That is a Wednesday. Give a Monday." in answer.content.decode()
    answer = lecturer.post(url, {**form, "first_week_on": "2028-01-31"})
    assert "There is a course at 70010 already" in answer.content.decode()
    assert 'value="2027-28"' in answer.content.decode()


# --- Announcements ----------------------------------------------------------------


def notice_form(**changed: Any) -> dict[str, Any]:
    return {"title": "Hello", "body": "**World**", "when": "now", **changed}


def test_announcement_is_written_and_shown(lecturer: Client, course: Course) -> None:
    url = at("announcements", course)
    assert lecturer.post(url, notice_form()).status_code == 302
    made = Announcement.objects.get()
    assert made.release_at == NOW
    assert "<strong>World</strong>" in lecturer.get(url).content.decode()


def test_draft_has_no_time(lecturer: Client, course: Course) -> None:
    lecturer.post(at("announcements", course), notice_form(when="draft"))
    assert Announcement.objects.get().release_at is None
    assert "Draft" in lecturer.get(at("announcements", course)).content.decode()


def test_later_is_a_time_of_the_courses_clock(lecturer: Client, course: Course) -> None:
    form = notice_form(when="later", release_at="2027-05-07T09:00")
    lecturer.post(at("announcements", course), form)
    assert Announcement.objects.get().release_at == dt.datetime(
        2027, 5, 7, 8, tzinfo=dt.UTC
    )


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"title": ""}, "title"),
        ({"when": "later"}, "release_at"),
        ({"when": "later", "release_at": "soon"}, "release_at"),
        ({"ends_at": "2020-01-01T00:00"}, "ends_at"),
    ],
)
def test_refused_announcement_keeps_its_text(
    lecturer: Client, course: Course, changed: dict[str, str], field: str
) -> None:
    form = notice_form(body="A long text", **changed)
    answer = lecturer.post(at("announcements", course), form)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "A long text" in answer.content.decode()
    assert not Announcement.objects.exists()


def test_edited_announcement_keeps_its_time(lecturer: Client, course: Course) -> None:
    made = AnnouncementFactory.create(course=course, release_at=hours(-1))
    url = at("announcement-edit", course, made.pk)
    page = lecturer.get(url).content.decode()
    assert 'value="2027-01-20T11:00"' in page
    form = notice_form(when="later", release_at="2027-01-20T11:00")
    assert lecturer.post(url, form).status_code == 302
    made.refresh_from_db()
    assert (made.title, made.release_at) == ("Hello", hours(-1))


def test_announcement_is_deleted_after_a_question(
    lecturer: Client, course: Course
) -> None:
    made = AnnouncementFactory.create(course=course)
    url = at("announcement-delete", course, made.pk)
    assert made.title in lecturer.get(url).content.decode()
    assert Announcement.objects.exists()
    assert lecturer.post(url).status_code == 302
    assert not Announcement.objects.exists()


def test_assistant_reads_announcements_and_writes_none(course: Course) -> None:
    AnnouncementFactory.create(course=course, hidden=True, title="Draft of ours")
    client = client_of(course, Role.ASSISTANT)
    page = client.get(at("announcements", course)).content.decode()
    assert "Draft of ours" in page
    assert "New announcement" not in page


# --- Changes ----------------------------------------------------------------------


def test_changes_are_listed_by_kind(lecturer: Client, course: Course) -> None:
    CourseChangeFactory.create(course=course, summary="A room")
    CourseChangeFactory.create(
        course=course, kind=CourseChange.Kind.ROLE, summary="A role", is_public=False
    )
    CourseChangeFactory.create(summary="Elsewhere")
    url = at("changes", course)
    page = lecturer.get(url).content.decode()
    assert "A room" in page
    assert "A role" in page
    assert "Elsewhere" not in page
    page = lecturer.get(url, {"kind": "role"}).content.decode()
    assert "A room" not in page


def test_long_record_has_pages(lecturer: Client, course: Course) -> None:
    CourseChangeFactory.create_batch(41, course=course)
    answer = lecturer.get(f"{at('changes', course)}?kind=session&page=2")
    assert len(answer.context["page"].object_list) == 1
    assert "kind=session&amp;page=1" in answer.content.decode()


@pytest.mark.parametrize("query", ["?kind=x", "?page=999", "?page=x", "?kind=%00"])
def test_any_query_is_answered(lecturer: Client, course: Course, query: str) -> None:
    assert lecturer.get(at("changes", course) + query).status_code == 200
