"""The settings of marking: what they change is shown before it is saved."""

from typing import Any

import pytest

from accounts.actors import SYSTEM
from courses.models import Assignment
from grading.models import Mark, Stage
from grading.services.aliases import codes_of
from grading.services.marks import recompute_mark
from tests.factories import MarkingFactory, hours
from tests.grading.pages import signed_in, words
from tests.grading.test_allocation import made

pytestmark = pytest.mark.django_db


def address(assignment: Assignment) -> str:
    return f"{assignment.get_absolute_url()}staff/marking/settings/"


def form(**changes: Any) -> dict[str, Any]:
    return {"agreed_above": "0", "regrade_limit": "3", **changes}


def test_marks_that_another_bound_changes_are_shown_first() -> None:
    assignment, lecturer, _ = made(students=1)
    run = assignment.submissions.get().runs.get()
    for stage, points in ((Stage.FIRST, 1), (Stage.SECOND, 3)):
        MarkingFactory.create(run=run, stage=stage, adjustment=points)
    recompute_mark(
        actor=SYSTEM, assignment=assignment, student=run.work.author, reason="run"
    )
    client = signed_in(lecturer)
    shown = client.post(address(assignment), form(agreed_above="2"))
    assert "1 mark would change" in words(shown)
    assert run.work.author.name in words(shown)
    assignment.refresh_from_db()
    assert assignment.agreed_above == 0
    seen = shown.context["plan"].digest
    saved = client.post(address(assignment), form(agreed_above="2", seen=seen))
    assert saved.status_code == 302
    assert Mark.objects.get().changes.count() == 2


def test_what_markers_would_see_is_said_in_words() -> None:
    assignment, lecturer, _ = made(students=2)
    client = signed_in(lecturer)
    apart = form(marking_is_anonymous="on", markers_see_own_only="on")
    shown = client.post(address(assignment), apart)
    assert "no longer the table of submissions" in words(shown)
    assert "4 answers are given to nobody" in words(shown)
    seen = shown.context["plan"].digest
    client.post(address(assignment), {**apart, "seen": seen})
    assignment.refresh_from_db()
    assert assignment.marking_is_anonymous
    assert assignment.markers_see_own_only
    assert "will see names" in words(client.post(address(assignment), form()))
    for stage, points in ((Stage.FIRST, 1), (Stage.SECOND, 3)):
        run = assignment.submissions.all()[0].runs.get()
        MarkingFactory.create(run=run, stage=stage, adjustment=points)
    recompute_mark(
        actor=SYSTEM, assignment=assignment, student=run.work.author, reason="run"
    )
    coded = words(client.post(address(assignment), {**apart, "agreed_above": "2"}))
    assert codes_of(assignment, [run.work.author_id])[run.work.author_id] in coded
    assert run.work.author.name not in coded


def test_requests_cannot_end_before_the_release() -> None:
    assignment, lecturer, _ = made(students=0)
    assignment.marks_released_at = hours(-1)
    assignment.save()
    early = form(regrades_until="2020-01-01T12:00")
    answer = signed_in(lecturer).post(address(assignment), early)
    assert answer.status_code == 422
    assert "before the release" in words(answer)
