"""A session is moved by the course's clock, and nothing typed is lost."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from courses.models import Course, Session
from tests.courses.pages.staff_pages import at
from tests.factories import (
    RoomFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def move_form(**changed: Any) -> dict[str, Any]:
    return {
        "day": "2027-05-07",
        "starts": "09:00",
        "ends": "10:00",
        "reason": "snow",
        **changed,
    }


def test_move_form_shows_the_present_time_and_room(
    lecturer: Client, session: Session
) -> None:
    page = lecturer.get(at("session-move", session.course, session.pk)).content.decode()
    for value in ('value="2027-02-05"', 'value="09:00"', 'value="10:00"'):
        assert value in page


def test_session_moves_to_a_time_in_the_courses_zone(
    lecturer: Client, session: Session
) -> None:
    url = at("session-move", session.course, session.pk)
    assert lecturer.post(url, move_form()).status_code == 302
    session.refresh_from_db()
    assert session.starts_at == dt.datetime(2027, 5, 7, 8, tzinfo=dt.UTC)


def test_time_is_in_the_courses_zone_and_not_the_sites(
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


def test_refused_move_keeps_the_input(lecturer: Client, session: Session) -> None:
    room = RoomFactory.create(name="Huxley 311")
    url = at("session-move", session.course, session.pk)
    form = move_form(ends="08:00", room=room.pk, online_label="Zoom", reason="fire")
    answer = lecturer.post(url, form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "The end must be after the start." in page
    assert f'<option value="{room.pk}" selected>' in page
    for value in ("Zoom", "fire", "08:00"):
        assert f'value="{value}"' in page


def test_reason_is_required(lecturer: Client, session: Session) -> None:
    url = at("session-move", session.course, session.pk)
    answer = lecturer.post(url, move_form(reason=""))
    assert answer.status_code == 422
    assert "reason" in answer.context["form"].errors
