"""The page that answers a regrade request, with the rubric or points of the mark."""

from decimal import Decimal

import pytest
from django.urls import reverse

from courses.models import Assignment, RubricGroup, RubricItem
from formats.assignment.rubric import Choose
from grading.models import Mark, RegradeRequest
from grading.services.regrade_requests import ask_for_regrade
from tests.grading.feedback_world import KEY, FeedbackWorld, feedback_world
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> FeedbackWorld:
    world = feedback_world()
    group = RubricGroup.objects.create(
        rubric=world.rubric, title="Style", choose=Choose.ONE, position=1
    )
    for text in ("Plain", "Fine"):
        world.items[text] = RubricItem.objects.create(group=group, text=text, points=1)
    world.mark(world.run, "Clear", "Plain", cell_comments={1: "Here."}, comment="Old")
    world.release()
    return world


def asked(world: FeedbackWorld, key: str) -> tuple[RegradeRequest, str]:
    row = ask_for_regrade(
        actor=world.student, assignment=world.assignment, key=key, reason="Look."
    )
    found = world.assignment
    return row, reverse(
        "grading:regrade-answer", args=[found.course.slug, found.slug, row.pk]
    )


def test_the_rubric_is_marked_again_and_comments_at_cells_stay(
    world: FeedbackWorld,
) -> None:
    row, page = asked(world, KEY)
    client = signed_in(world.marker)
    html = client.get(page).content.decode()
    assert html.count(" checked") == 2
    # The same words as on the marking page, and no 0 that somebody seems to have typed.
    assert "Points to add or take" in html
    assert 'value="0.00"' not in html
    # The same words as on the marking page, and no 0 that somebody seems to have typed.
    assert "Points to add or take" in html
    assert 'value="0.00"' not in html
    (group, style) = world.rubric.groups.all()
    sent = {
        f"group-{group.pk}": [
            world.items["Clear"].pk,
            world.items["Wrong sign"].pk,
        ],
        f"group-{style.pk}": "",
        "adjustment": "0.5",
        "comment": "New",
        "version": 1,
        "answer": "Looked again.",
    }
    assert client.post(page, sent | {"answer": ""}).status_code == 422
    stale = client.post(page, sent | {"version": 9})
    assert "You have changed this marking" in words(stale)
    assert client.post(page, sent).status_code == 302
    row.refresh_from_db()
    assert (row.state, row.points_after) == ("changed", Decimal("3.5"))
    marking = world.rubric.markings.get()
    assert marking.comment == "New"
    assert marking.cell_comments.get().text == "Here."
    assert "Answered by" in words(client.get(page))


def test_points_of_items_have_the_sign_of_all_pages(world: FeedbackWorld) -> None:
    _, page = asked(world, KEY)
    text = words(signed_in(world.marker).get(page))
    points = f"{world.items['Wrong sign'].points.normalize():+f}"
    assert f"Wrong sign ({points.replace('-', chr(0x2212))})" in text
    assert "-" in points


def test_points_are_added_to_the_mark_or_it_is_kept(world: FeedbackWorld) -> None:
    row, page = asked(world, "answer")
    client = signed_in(world.marker)
    sent = {"answer": "It stays.", "by": "1", "keep": "1"}
    assert client.post(page, sent).status_code == 302
    row.refresh_from_db()
    assert row.state == "kept"
    assert Mark.objects.get().adjustment == 0
    _, page = asked(world, "answer")
    assert client.post(page, {"answer": "One more.", "by": "1"}).status_code == 422
    assert client.post(page, {"answer": "One less.", "by": "-1"}).status_code == 302
    assert Mark.objects.get().adjustment == -1


def test_an_answer_that_comes_second_is_shown_with_the_reason(
    world: FeedbackWorld,
) -> None:
    row, page = asked(world, "answer")
    first, second = signed_in(world.marker), signed_in(world.lecturer)
    first.post(page, {"answer": "It stays.", "keep": "1"})
    answer = second.post(page, {"answer": "It was right.", "by": "1"})
    assert answer.status_code == 422
    text = words(answer)
    assert "Your answer is not stored" in text
    assert "somebody has answered it, or it was withdrawn" in text
    assert "You wrote: It was right." in text
    row.refresh_from_db()
    assert row.answer == "It stays."


def test_a_marking_that_changed_meanwhile_can_be_replaced_by_sending_again(
    world: FeedbackWorld,
) -> None:
    row, page = asked(world, KEY)
    (group, style) = world.rubric.groups.all()
    sent = {
        f"group-{group.pk}": [world.items["Wrong sign"].pk],
        f"group-{style.pk}": "",
        "adjustment": "1",
        "comment": "Mine",
        "version": 1,
        "answer": "Looked again.",
    }
    world.mark(world.run, "Clear", comment="Theirs", version=1)
    client = signed_in(world.lecturer)
    answer = client.post(page, sent)
    assert answer.status_code == 422
    assert "send your answer once more to store yours in its place" in words(answer)
    form = answer.context["form"]
    assert (form["version"].value(), form["comment"].value()) == ("2", "Mine")
    assert client.post(page, sent | {"version": 2}).status_code == 302
    row.refresh_from_db()
    assert row.state == "changed"


def test_a_reason_is_without_names_while_the_marking_is_anonymous(
    world: FeedbackWorld,
) -> None:
    _, page = asked(world, KEY)
    RegradeRequest.objects.update(reason=f"Regards, {world.student.name}")
    Assignment.objects.update(marking_is_anonymous=True)
    html = signed_in(world.marker).get(page).content.decode()
    assert "Regards, [name]" in html
    assert world.student.last_name not in html


def test_requests_of_others_work_are_not_found(world: FeedbackWorld) -> None:
    _, page = asked(world, KEY)
    assert signed_in(world.student).get(page).status_code == 403
    Assignment.objects.update(markers_see_own_only=True)
    assert signed_in(world.marker).get(page).status_code == 404
    assert signed_in(world.lecturer).get(page).status_code == 200
