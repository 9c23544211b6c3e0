"""The list of regrade requests: open ones first, a filter, codes in place of names."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.urls import reverse

from courses.models import Assignment
from grading.services.regrade_requests import answer_regrade_request, ask_for_regrade
from tests.factories import EnrolmentFactory
from tests.grading.feedback_world import KEY, feedback_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def test_open_requests_stand_first_and_names_are_hidden_if_anonymous(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    world = feedback_world(2)
    for run in world.runs:
        world.mark(run, "Clear")
    world.release()
    asked = [
        ask_for_regrade(
            actor=run.work.author, assignment=world.assignment, key=key, reason="Look."
        )
        for run in world.runs
        for key in (KEY, "answer")
    ]
    answer_regrade_request(actor=world.marker, request=asked[0], answer="No.")
    found = world.assignment
    page = reverse("grading:regrade-requests", args=[found.course.slug, found.slug])
    client = signed_in(world.marker)
    with assert_max_queries(13):
        said = words(client.get(page))
    assert said.index("The answer") < said.index("Answered or withdrawn")
    assert world.student.name in said
    assert "Kept as it was" in said[said.index("Answered or withdrawn") :]
    assert "Answered or withdrawn" not in words(client.get(page + "?state=open"))
    Assignment.objects.update(marking_is_anonymous=True)
    said = words(client.get(page))
    for run in world.runs:
        assert run.work.author.name not in said


@pytest.mark.parametrize("role", ["examiner", "admin"])
def test_who_oversees_the_course_reads_requests_and_answers_none(role: str) -> None:
    world = feedback_world(1)
    [run] = world.runs
    world.mark(run, "Clear")
    world.release()
    asked = ask_for_regrade(
        actor=run.work.author, assignment=world.assignment, key=KEY, reason="Look."
    )
    answer_regrade_request(actor=world.marker, request=asked, answer="It stays.")
    found = world.assignment
    page = reverse("grading:regrade-requests", args=[found.course.slug, found.slug])
    reader = signed_in(EnrolmentFactory.create(course=found.course, role=role).user)
    said = words(reader.get(page))
    for told in ("Look.", "Answer: It stays.", world.student.name):
        assert told in said
    answer_url = reverse(
        "grading:regrade-answer", args=[found.course.slug, found.slug, asked.pk]
    )
    assert answer_url not in reader.get(page).content.decode()
    assert reader.get(answer_url).status_code == 403


def test_whoever_sees_codes_reads_no_requests() -> None:
    world = feedback_world(1)
    course = world.assignment.course
    course.examiners_see_codes = True
    course.save()
    examiner = EnrolmentFactory.create(course=course, role="examiner").user
    url = reverse("grading:regrade-requests", args=[course.slug, world.assignment.slug])
    assert signed_in(examiner).get(url).status_code == 403
