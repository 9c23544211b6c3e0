"""An announcement is deleted once the question is answered."""

import pytest
from django.test import Client

from courses.models import Announcement, Course
from tests.courses.pages.staff_pages import at
from tests.factories import (
    AnnouncementFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


def test_announcement_is_deleted_after_confirmation(
    lecturer: Client, course: Course
) -> None:
    made = AnnouncementFactory.create(course=course)
    url = at("announcement-delete", course, made.pk)
    assert made.title in lecturer.get(url).content.decode()
    assert Announcement.objects.exists()
    assert lecturer.post(url).status_code == 302
    assert not Announcement.objects.exists()
