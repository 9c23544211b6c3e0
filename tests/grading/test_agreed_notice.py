"""The marking page says that an agreed marking counts, and what a new one changes."""

from typing import Any

import pytest

from courses.models import Assignment
from grading.models import MarkerAllocation, Marking, Stage
from tests.factories import MarkingFactory
from tests.grading.marking import address, answered, marked_assignment, marker_of
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db

SAID = "What you store here changes no mark while it counts"


def agreed_work() -> Any:
    run = answered(marked_assignment())
    for stage, points in ((Stage.FIRST, 2), (Stage.SECOND, 6), (Stage.AGREED, 5)):
        MarkingFactory.create(run=run, stage=stage, adjustment=points)
    return run


def test_first_marker_is_told_with_a_link_and_again_after_storing() -> None:
    run = agreed_work()
    client = signed_in(marker_of(run.work.assignment))
    page = client.get(address(run))
    assert "It gives 5 points." in words(page)
    assert SAID in words(page)
    assert "/staff/marking/agree/#agreed" in page.content.decode()
    sent = {"attempt": "1", "version": "1", "adjustment": "3"}
    stored = client.post(address(run), sent, follow=True)
    assert "The agreed marking still counts." in words(stored)


def test_nobody_is_told_where_the_agreed_marking_is_taken_back() -> None:
    run = agreed_work()
    Marking.objects.filter(stage=Stage.AGREED).update(is_finished=False)
    client = signed_in(marker_of(run.work.assignment))
    assert "agreed marking counts" not in words(client.get(address(run)))
    sent = {"attempt": "1", "version": "1", "adjustment": "3"}
    stored = client.post(address(run), sent, follow=True)
    assert "still counts" not in words(stored)


def test_second_marker_reads_the_points_once_their_own_marking_is_finished() -> None:
    run = agreed_work()
    assignment: Assignment = run.work.assignment
    second = marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=second, stage=Stage.SECOND
    )
    client = signed_in(second)
    page = words(client.get(address(run)))
    assert "It gives 5 points." in page
    assert SAID in page
    Marking.objects.filter(stage=Stage.SECOND).update(is_finished=False)
    page = words(client.get(address(run)))
    assert SAID in page
    assert "It gives 5 points." not in page
