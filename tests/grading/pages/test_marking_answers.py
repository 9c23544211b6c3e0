"""The list of all answers: who sees what, how it is filtered, and walking it."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from courses.models import Assignment
from grading.models import GradingRun, Mark, MarkerAllocation, Marking, Stage
from tests.factories import EnrolmentFactory, MarkingFactory
from tests.grading.marking import (
    address,
    answered,
    code_of,
    marked_assignment,
    marker_of,
)
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def list_of(assignment: Assignment) -> str:
    args = [assignment.course.slug, assignment.slug, "words"]
    return reverse("grading:marking-answers", args=args)


def by_code(assignment: Assignment, count: int) -> list[GradingRun]:
    """Return the runs of so many students in the order of their codes."""
    runs = [answered(assignment, f"Answer {number}") for number in range(count)]
    return sorted(runs, key=lambda run: code_of(assignment, run.work.author))


def codes_in(client: Client, path: str, **query: str) -> list[str]:
    page = client.get(path, query).context["page"]
    return [row.answer.item.code for row in page.rows]


def codes(*runs: GradingRun) -> list[str]:
    return [code_of(run.work.assignment, run.work.author) for run in runs]


def test_it_lists_answers_with_their_state_marker_and_points() -> None:
    assignment = marked_assignment()
    runs = by_code(assignment, 4)
    marker, lecturer = marker_of(assignment), marker_of(assignment, "lecturer")
    EnrolmentFactory.create(course=assignment.course)
    MarkingFactory.create(run=runs[0], marker=marker, adjustment=7)
    MarkingFactory.create(run=runs[1], marker=marker, is_finished=False)
    Mark.objects.create(
        assignment=assignment, student=runs[2].work.author, standing="excused"
    )
    MarkerAllocation.objects.create(
        assignment=assignment, marker=lecturer, student=runs[3].work.author
    )
    client = signed_in(lecturer)
    page = client.get(list_of(assignment))
    rows = page.context["page"].rows
    assert [row.answer.state.value for row in rows] == [
        *("marked", "draft", "excused", "waiting"),
    ]
    said = words(page)
    assert "7 / 10" in said
    assert f"given to {lecturer.name}" in said
    assert runs[0].work.author.name in said
    path = list_of(assignment)
    assert codes_in(client, path, state="marked") == codes(runs[0])
    assert codes_in(client, path, marker=str(lecturer.pk)) == codes(runs[3])
    assert codes_in(client, path, marker="nobody") == codes(runs[2])
    name = runs[2].work.author.last_name
    assert codes_in(client, path, q=name.upper()) == codes(runs[2])
    assert codes_in(client, path, order="points")[0] == codes(runs[0])[0]
    by_name = sorted(runs, key=lambda run: run.work.author.name.casefold())
    assert codes_in(client, path, order="name") == codes(*by_name)
    assert "No answer matches" in words(client.get(path, {"q": "\0x"}))
    assert client.get(path, {"page": "x"}).status_code == 200


def test_while_marking_is_anonymous_only_codes_find_an_answer() -> None:
    assignment = marked_assignment(marking_is_anonymous=True)
    runs = by_code(assignment, 3)
    client, path = signed_in(marker_of(assignment)), list_of(assignment)
    page = words(client.get(path))
    for run in runs:
        assert run.work.author.name not in page
        assert codes_in(client, path, q=run.work.author.last_name) == []
    assert codes_in(client, path, q=codes(runs[1])[0].lower()) == codes(runs[1])
    assert codes_in(client, path, order="name") == codes(*runs)


def test_a_second_marker_sees_nothing_of_the_first_and_is_named_to_editors() -> None:
    assignment = marked_assignment(agreed_above=2)
    (run,) = by_code(assignment, 1)
    first, second = marker_of(assignment), marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment,
        marker=second,
        stage=Stage.SECOND,
        student=run.work.author,
    )
    MarkingFactory.create(run=run, marker=first, adjustment=9)
    page = words(signed_in(second).get(list_of(assignment)))
    assert "9 / 10" not in page
    assert first.name not in page
    assert "Waiting" in page
    seconds = {
        who.pk: signed_in(who).get(list_of(assignment)).context["page"].rows[0].second
        for who in (first, second, marker_of(assignment, "lecturer"))
    }
    assert list(seconds.values()) == ["", "", second.name]
    MarkingFactory.create(run=run, marker=second, stage="second", adjustment=2)
    states = {
        who.pk: codes_in(signed_in(who), list_of(assignment), state="differs")
        for who in (first, second)
    }
    assert states == {first.pk: codes(run), second.pk: codes(run)}


def test_markers_see_only_what_they_are_given() -> None:
    assignment = marked_assignment(markers_see_own_only=True)
    runs = by_code(assignment, 2)
    marker = marker_of(assignment)
    assert codes_in(signed_in(marker), list_of(assignment)) == []
    MarkerAllocation.objects.create(
        assignment=assignment, marker=marker, student=runs[1].work.author
    )
    assert codes_in(signed_in(marker), list_of(assignment)) == codes(runs[1])


def test_the_marking_page_walks_the_list_in_its_order_and_filter() -> None:
    assignment = marked_assignment()
    runs = by_code(assignment, 4)
    for run, points in zip(runs, (5, 1, 3), strict=False):
        MarkingFactory.create(run=run, adjustment=points)
    client = signed_in(marker_of(assignment))
    query = {"state": "marked", "order": "points"}
    rows = client.get(list_of(assignment), query).context["page"].rows
    walked = [runs[1], runs[2], runs[0]]
    assert [row.answer.item.code for row in rows] == codes(*walked)
    page = client.get(rows[1].url)
    assert page.context["page"].next_url == rows[2].url
    assert page.context["page"].previous_url == rows[0].url
    assert "2 of 3 in the list." in words(page)
    assert client.get(rows[2].url).context["page"].next_url == ""


def test_finishing_goes_on_in_the_list_and_then_back_to_it() -> None:
    assignment = marked_assignment()
    runs = by_code(assignment, 3)
    client = signed_in(marker_of(assignment))
    query = {"state": "waiting"}
    rows = client.get(list_of(assignment), query).context["page"].rows
    form = {"attempt": "1", "version": "0", "adjustment": "3"}
    assert client.post(rows[0].url, form)["Location"] == rows[1].url
    # The list has no such answer any more, and the page still knows its place.
    assert "1 of 3 in the list." in words(client.get(rows[0].url))
    answer = client.post(rows[2].url, form)
    assert answer["Location"] == f"{list_of(assignment)}?state=waiting"
    assert Marking.objects.filter(submission=runs[2].work).exists()


def test_a_marked_question_can_be_opened_again_without_its_address() -> None:
    assignment = marked_assignment()
    runs = by_code(assignment, 2)
    for run in runs:
        MarkingFactory.create(run=run)
    client = signed_in(marker_of(assignment))
    args = [assignment.course.slug, assignment.slug, "words"]
    answer = client.get(reverse("grading:marking-next", args=args), follow=True)
    assert answer.redirect_chain[-1][0] == list_of(assignment)
    assert "Nothing is left to be marked" in words(answer)
    page = client.get(address(runs[0])).content.decode()
    assert f'href="{address(runs[1])}" rel="next"' in page
    assert f'href="{list_of(assignment)}"' in page


def test_why_no_answer_comes_next_is_said() -> None:
    assignment = marked_assignment()
    first = answered(assignment)
    answered(assignment, finished=False, running=True, executed_sha256="")
    marker, other = marker_of(assignment), marker_of(assignment)
    client = signed_in(marker)
    form = {"attempt": "1", "version": "0", "adjustment": "1"}
    text = words(client.post(address(first), form, follow=True))
    assert "of “In words” now. 1 answer waits until its run has ended." in text
    second = answered(assignment)
    for person, run in ((marker, first), (other, second)):
        MarkerAllocation.objects.create(
            assignment=assignment,
            marker=person,
            stage=Stage.FIRST,
            key="",
            student=run.work.author,
        )
    args = [assignment.course.slug, assignment.slug, "words"]
    text = words(client.get(reverse("grading:marking-next", args=args), follow=True))
    assert "You have marked all answers to “In words” that you are" in text
    assert "2 answers wait, given to others or to nobody." in text
    Assignment.objects.update(markers_see_own_only=True)
    unasked = signed_in(marker_of(assignment))
    text = words(unasked.get(reverse("grading:marking-next", args=args), follow=True))
    assert "There is no answer to “In words” for you to mark so far." in text


def queries_for(students: int) -> int:
    assignment = marked_assignment()
    marker = marker_of(assignment, "lecturer")
    for run in by_code(assignment, students):
        for stage in ("first", "second"):
            MarkingFactory.create(run=run, marker=marker, stage=stage)
    client = signed_in(marker)
    client.get(list_of(assignment))
    with CaptureQueriesContext(connection) as captured:
        assert client.get(list_of(assignment)).status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_the_answers() -> None:
    few = queries_for(2)
    assert few <= 32
    assert queries_for(9) == few


def test_long_lists_have_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grading.pages.marking_answers._PER_PAGE", 2)
    assignment = marked_assignment()
    runs = by_code(assignment, 3)
    client: Client = signed_in(marker_of(assignment))
    answer = client.get(list_of(assignment), {"page": "2", "order": "name"})
    html = answer.content.decode()
    assert "Page 2 of 2" in words(answer)
    assert 'href="?order=name&amp;page=1"' in html
    assert len(codes_in(client, list_of(assignment))) == 2
    assert len(runs) == 3
