"""A shift is shown before it is done, and only what was shown is done."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from courses.models import Course, Session
from tests.courses.pages.staff_pages import NINE, at
from tests.factories import (
    SessionFactory,
    WeekFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def shift_form(client: Client, course: Course, **changed: Any) -> dict[str, Any]:
    page = client.get(at("shift", course), {"from_week": 5, "weeks": 1})
    digest = page.context["plan"].digest
    return {"from_week": 5, "weeks": 1, "digest": digest, "reason": "snow", **changed}


def test_shift_preview_shows_old_and_new_times(
    lecturer: Client, session: Session
) -> None:
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


def test_confirmed_shift_moves_the_weeks(lecturer: Client, session: Session) -> None:
    course = session.course
    answer = lecturer.post(at("shift", course), shift_form(lecturer, course))
    assert answer["Location"] == at("manage", course)
    session.refresh_from_db()
    assert session.starts_at == NINE + dt.timedelta(days=7)


def test_outdated_preview_is_refused_and_the_new_one_shown(
    lecturer: Client, session: Session
) -> None:
    course = session.course
    form = shift_form(lecturer, course, reason="the hall is flooded")
    SessionFactory.create(course=course, week=session.week, starts_at=NINE)
    answer = lecturer.post(at("shift", course), form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "has changed since you saw this page" in page
    assert "the hall is flooded" in page
    assert answer.context["plan"].digest != form["digest"]


def test_shift_needs_a_reason(lecturer: Client, session: Session) -> None:
    course = session.course
    form = shift_form(lecturer, course, reason=" ")
    answer = lecturer.post(at("shift", course), form)
    assert answer.status_code == 422
    assert "Give a reason. Students read it." in answer.content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"from_week": 4, "weeks": 1},
        {"from_week": 5, "weeks": 0},
        {"from_week": 5, "weeks": 99},
        {"from_week": "x", "weeks": ""},
    ],
)
def test_invalid_shift_is_an_error_at_the_field(
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
    assert b"Move all these dates" not in page.content
