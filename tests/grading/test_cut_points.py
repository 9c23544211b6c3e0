"""Points above those of the question, or below 0, are cut off, and this is said."""

from decimal import Decimal

import pytest

from grading.forms.marking_work import TypedMarking
from grading.pages.marked_question import marked_question
from grading.pages.marking_form import marking_form
from tests.factories import MarkingFactory
from tests.grading.marking import (
    address,
    answered,
    item_id,
    marked_assignment,
    marker_of,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("added", "total", "counts"),
    [("8", Decimal(12), Decimal(10)), ("-6", Decimal(-2), Decimal(0))],
)
def test_form_knows_what_is_cut_off(
    added: str, total: Decimal, counts: Decimal
) -> None:
    rubric = marked_assignment().rubrics.get()
    typed = TypedMarking(items=frozenset({item_id("Clear")}), adjustment=added)
    form = marking_form(rubric, typed, None)
    assert (form.total, form.points, form.is_cut) == (total, counts, True)
    within = marking_form(rubric, TypedMarking(adjustment="1"), None)
    assert not within.is_cut


def test_it_is_said_beside_the_field_after_storing_and_to_the_student() -> None:
    run = answered(marked_assignment())
    client = signed_in(marker_of(run.work.assignment))
    sent = {"attempt": "1", "version": "0", "item": item_id("Clear")}
    stored = client.post(address(run), {**sent, "adjustment": "8,5"}, follow=True)
    assert "10 of 10 points (cut off from 12.5)" in words(stored)
    page = words(client.get(address(run)))
    said = "Together this is 12.5. 10 count, because the question has 0 to 10 points."
    assert said in page


def test_the_student_is_told_only_where_points_are_cut_off() -> None:
    run = answered(marked_assignment())
    marking = MarkingFactory.create(run=run, adjustment=12)
    assert marked_question(marking, title="Words").cut == Decimal(10)
    marking.adjustment = Decimal(9)
    assert marked_question(marking, title="Words").cut is None


def test_enter_in_a_field_sends_no_form() -> None:
    """A disabled first button takes Enter, also where no script runs."""
    run = answered(marked_assignment())
    html = signed_in(marker_of(run.work.assignment)).get(address(run)).content.decode()
    form = html.partition('id="marking-form"')[2]
    assert form.index("<button") == form.index('<button type="submit" disabled hidden>')
