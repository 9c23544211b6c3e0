"""Agreeing on one of two markings that differ."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Assignment, Rubric, RubricGroup, RubricItem
from grading.models import MarkerAllocation, Marking, Stage
from grading.services.aliases import codes_of
from tests.factories import EnrolmentFactory, MarkingFactory
from tests.grading.pages import signed_in, words
from tests.grading.test_allocation import made

pytestmark = pytest.mark.django_db


def address(assignment: Assignment) -> str:
    return f"{assignment.get_absolute_url()}staff/marking/agree/"


def marked_twice() -> tuple[Assignment, User, list[User]]:
    assignment, lecturer, markers = made(students=1)
    run = assignment.submissions.get().runs.get()
    for stage, marker, points in (
        (Stage.FIRST, markers[0], 2),
        (Stage.SECOND, markers[1], 5),
    ):
        MarkingFactory.create(
            run=run,
            stage=stage,
            marker=marker,
            adjustment=points,
            comment=f"words of the {stage} marking",
        )
    return assignment, lecturer, markers


def sent(client: Client, assignment: Assignment, **more: Any) -> dict[str, Any]:
    """Return the form of the one row on the page, as it is shown now."""
    (row,) = client.get(address(assignment)).context["page"].waiting
    return {
        "rubric": row.found.rubric.pk,
        "code": row.code,
        "attempt": row.attempt,
        "seen": row.found.seen,
        **more,
    }


def test_one_of_two_markings_is_taken_or_given_other_points() -> None:
    assignment, lecturer, _ = marked_twice()
    client = signed_in(lecturer)
    page = words(client.get(address(assignment)))
    assert "words of the first marking" in page
    assert "words of the second marking" in page
    form = sent(client, assignment, taken="second", points="4.5")
    assert client.post(address(assignment), form).status_code == 302
    agreed = Marking.objects.get(stage=Stage.AGREED)
    assert (agreed.points, agreed.comment) == (
        Decimal("4.5"),
        "words of the second marking",
    )
    assert agreed.marker == lecturer
    after = client.get(address(assignment)).context["page"]
    assert (len(after.waiting), len(after.agreed)) == (0, 1)


def test_agreed_marking_is_taken_back_though_the_two_no_longer_differ() -> None:
    assignment, lecturer, _ = marked_twice()
    client = signed_in(lecturer)
    form = sent(client, assignment, taken="second")
    client.post(address(assignment), form)
    Marking.objects.filter(stage=Stage.SECOND).update(adjustment=2, version=2)
    (row,) = client.get(address(assignment)).context["page"].agreed
    back = form | {"seen": row.found.seen, "action": "back"}
    assert (
        client.post(address(assignment), form | {"action": "back"}).status_code == 422
    )
    assert client.post(address(assignment), back).status_code == 302
    assert not Marking.objects.get(stage=Stage.AGREED).is_finished
    assert not client.get(address(assignment)).context["page"].agreed


def test_nothing_is_shown_before_both_are_finished() -> None:
    assignment, lecturer, _ = marked_twice()
    Marking.objects.filter(stage=Stage.FIRST).update(is_finished=False)
    assert "words of the second" not in words(
        signed_in(lecturer).get(address(assignment))
    )


def test_what_changed_meanwhile_or_is_impossible_is_not_stored() -> None:
    assignment, lecturer, _ = marked_twice()
    client = signed_in(lecturer)
    form = sent(client, assignment, taken="first")
    Marking.objects.filter(stage=Stage.SECOND).update(version=2)
    for wrong, said in (
        (form, "has changed since"),
        (sent(client, assignment, taken="first", points="99"), "from 0 to 10"),
        (sent(client, assignment), "Choose one"),
    ):
        answer = client.post(address(assignment), wrong)
        assert answer.status_code == 422
        assert said in words(answer)
    assert not Marking.objects.filter(stage=Stage.AGREED).exists()


def test_assistants_agree_on_what_they_are_given_and_see_codes() -> None:
    assignment, _, markers = marked_twice()
    assignment.marking_is_anonymous = assignment.markers_see_own_only = True
    assignment.save()
    author = assignment.submissions.get().author
    for marker in markers:
        client = signed_in(marker)
        assert not client.get(address(assignment)).context["page"].waiting
    MarkerAllocation.objects.create(
        assignment=assignment, marker=markers[1], stage=Stage.SECOND, student=author
    )
    page = client.get(address(assignment))
    assert codes_of(assignment, [author.pk])[author.pk] in words(page)
    assert author.name not in words(page)
    form = sent(client, assignment, taken="first")
    client.post(address(assignment), form)
    assert Marking.objects.get(stage=Stage.AGREED).points == 2


def test_first_marker_agrees_without_an_allocation() -> None:
    assignment, _, markers = marked_twice()
    other = EnrolmentFactory.create(course=assignment.course, assistant=True).user
    assert not signed_in(other).get(address(assignment)).context["page"].waiting
    client = signed_in(markers[0])
    form = sent(client, assignment, taken="second")
    assert client.post(address(assignment), form).status_code == 302
    assert Marking.objects.get(stage=Stage.AGREED).points == 5


def test_items_are_in_the_order_of_the_rubric_with_true_signs() -> None:
    assignment, lecturer, _ = marked_twice()
    rubric = Rubric.objects.get(assignment=assignment, key="q1")
    last, first = (
        RubricGroup.objects.create(rubric=rubric, title=title, position=position)
        for title, position in (("Last", 2), ("First", 1))
    )
    items = [
        RubricItem.objects.create(group=group, text=text, points=points, position=at)
        for group, text, points, at in (
            (last, "fourth", -1, 1),
            (last, "third", 1, 0),
            (first, "second", 1, 1),
            (first, "earliest", 1, 0),
        )
    ]
    Marking.objects.get(stage=Stage.FIRST).items.set(items)
    page = words(signed_in(lecturer).get(address(assignment)))
    expected = "earliest (+1) second (+1) third (+1) fourth (\N{MINUS SIGN}1)"
    assert expected in page
