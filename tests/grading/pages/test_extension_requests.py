"""Those who edit a course see its open requests, and the to-do list counts them."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.urls import reverse

from tests.factories import EnrolmentFactory, ExtensionRequestFactory
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def test_open_requests_come_first_and_those_of_other_courses_not_at_all(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    row = ExtensionRequestFactory.create(student__last_name="Waiting")
    done = ExtensionRequestFactory.create(
        assignment=row.assignment, student__last_name="Gone", state="withdrawn"
    )
    ExtensionRequestFactory.create(student__last_name="Elsewhere")
    course = row.assignment.course
    lecturer = EnrolmentFactory.create(course=course, lecturer=True).user
    client = signed_in(lecturer)
    ExtensionRequestFactory.create_batch(3, assignment=row.assignment)
    with assert_max_queries(8):
        answer = client.get(reverse("grading:extension-requests", args=[course.slug]))
    assert len(answer.context["open"]) == 4
    assert list(answer.context["closed"]) == [done]
    assert "Elsewhere" not in words(answer)
    manage = words(client.get(reverse("courses:manage", args=[course.slug])))
    assert "4 open requests for extensions" in manage
