"""Forms refuse an hour that the clocks of the course skip or show twice."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from courses.models import Course
from tests.factories import (
    AssignmentFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]
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
