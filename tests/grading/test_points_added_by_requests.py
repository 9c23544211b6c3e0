"""Points that an answer adds to the mark are in the question's points everywhere."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from grading.models import RegradeRequest
from grading.services.regrade_requests import (
    MarkedAgain,
    RegradeRequestRefusedError,
    answer_regrade_request,
    ask_for_regrade,
    question_of,
)
from tests.grading.feedback_world import FeedbackWorld, feedback_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> FeedbackWorld:
    world = feedback_world()
    world.mark(world.run, "Clear")
    world.release()
    return world


def ask(world: FeedbackWorld) -> RegradeRequest:
    return ask_for_regrade(
        actor=world.student, assignment=world.assignment, key="answer", reason="Look."
    )


def answer(world: FeedbackWorld, row: RegradeRequest, by: str) -> RegradeRequest:
    return answer_regrade_request(
        actor=world.marker,
        request=row,
        answer="The test was wrong.",
        again=MarkedAgain(by=Decimal(by)),
    )


def address(world: FeedbackWorld, name: str, *more: Any) -> str:
    where = [world.assignment.course.slug, world.assignment.slug]
    return reverse(f"grading:{name}", args=[*where, *more])


def test_one_figure_stands_on_both_pages(world: FeedbackWorld) -> None:
    row = answer(world, ask(world), "-0.5")
    page = words(signed_in(world.marker).get(address(world, "regrade-answer", row.pk)))
    assert "Points now 1.5 of 2" in page
    assert "2 by checks, \N{MINUS SIGN}0.5 added to the mark by requests" in page
    own = words(signed_in(world.student).get(address(world, "feedback")))
    assert "1.5 / 2" in own
    assert "2 by checks, and \N{MINUS SIGN}0.5 after a regrade request" in own
    assert "2 → 1.5 points" in own


def test_the_next_request_begins_from_it(world: FeedbackWorld) -> None:
    answer(world, ask(world), "-0.5")
    row = ask(world)
    assert row.points_before == Decimal("1.5")
    with pytest.raises(RegradeRequestRefusedError, match=r"has 1\.5 of 2 points now"):
        answer(world, row, "1")
    done = answer(world, row, "0.5")
    assert done.points_after == 2
    assert done.state == RegradeRequest.State.CHANGED
    found = question_of(done)
    assert found is not None
    expected = (Decimal(2), Decimal(2), Decimal(0))
    assert (found.earned, found.by_checks, found.added) == expected


def test_the_form_takes_a_decimal_comma(world: FeedbackWorld) -> None:
    row = ask(world)
    form = {"answer": "Right.", "by": "-0,5"}
    sent = signed_in(world.marker).post(address(world, "regrade-answer", row.pk), form)
    assert sent.status_code == 302
    row.refresh_from_db()
    assert row.points_after == Decimal("1.5")
