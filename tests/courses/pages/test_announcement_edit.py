"""An announcement is edited and keeps its time."""

import pytest
from django.test import Client

from courses.models import Course
from tests.courses.pages.staff_pages import at
from tests.factories import (
    AnnouncementFactory,
    hours,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def test_edited_announcement_keeps_its_time(lecturer: Client, course: Course) -> None:
    made = AnnouncementFactory.create(course=course, release_at=hours(-1))
    url = at("announcement-edit", course, made.pk)
    page = lecturer.get(url).content.decode()
    assert 'value="2027-01-20T11:00"' in page
    form = {"title": "Hello", "body": "**World**", "when": "later"}
    form["release_at"] = "2027-01-20T11:00"
    assert lecturer.post(url, form).status_code == 302
    made.refresh_from_db()
    assert (made.title, made.release_at) == ("Hello", hours(-1))
