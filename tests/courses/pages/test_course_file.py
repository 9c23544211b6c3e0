"""A course file of a course that is there is shown before it is stored."""

import pytest

from formats.choices import Role
from tests.courses.coursefiles import SMALL
from tests.courses.pages.staff_pages import at, client_of, upload
from tests.factories import (
    CourseFactory,
)

pytestmark = pytest.mark.django_db


def test_a_file_for_a_course_is_shown_before_it_is_stored() -> None:
    course = CourseFactory.create(slug="70010-2024-25", title="Mine")
    client = client_of(course, Role.LECTURER)
    address = at("course-file", course)
    answer = upload(client, address, "course.yaml", SMALL.encode())
    assert answer.status_code == 200
    assert answer.context["preview"].digest
    course.refresh_from_db()
    assert course.title == "Mine"
