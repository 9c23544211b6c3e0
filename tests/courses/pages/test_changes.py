"""The record of a course is listed by kind, in pages."""

import pytest
from django.test import Client

from courses.models import Course, CourseChange
from tests.courses.pages.staff_pages import at
from tests.factories import (
    CourseChangeFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("january")]


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
