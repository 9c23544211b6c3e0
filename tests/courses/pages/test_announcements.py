"""Staff write announcements, and what they typed is never lost."""

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from courses.models import Announcement, Course
from formats.choices import Role
from tests.courses.pages.staff_pages import NOW, at, client_of
from tests.factories import (
    AnnouncementFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


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


def test_later_time_is_in_the_courses_zone(lecturer: Client, course: Course) -> None:
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


def test_assistant_reads_but_does_not_write_announcements(course: Course) -> None:
    AnnouncementFactory.create(course=course, hidden=True, title="Draft of ours")
    client = client_of(course, Role.ASSISTANT)
    page = client.get(at("announcements", course)).content.decode()
    assert "Draft of ours" in page
    assert "New announcement" not in page
