"""The overview of marking: progress, allocation, and what others may do there."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import Assignment, CourseChange, Question
from grading.models import MarkerAllocation, Stage
from tests.factories import EnrolmentFactory, MarkingFactory
from tests.grading.pages import signed_in, words
from tests.grading.test_allocation import KEYS, made

pytestmark = pytest.mark.django_db


def address(assignment: Assignment) -> str:
    return f"{assignment.get_absolute_url()}staff/marking/"


def allocation(markers: list[User], **more: Any) -> dict[str, Any]:
    keys = [marker.pk for marker in markers]
    given = {"action": "allocate", "markers": keys, "keys": KEYS, "split": "students"}
    return {**given, **more}


def test_answers_are_allocated_and_progress_is_shown_by_marker() -> None:
    assignment, lecturer, markers = made(students=4)
    client = signed_in(lecturer)
    assert client.get(address(assignment)).context["page"].not_given == 8
    client.post(address(assignment), allocation(markers))
    for number, submission in enumerate(assignment.submissions.all()):
        run = submission.runs.get()
        MarkingFactory.create(run=run, marker=markers[0], is_finished=number < 2)
    page = client.get(address(assignment))
    rows = {
        (question.key, row.name): row
        for question in page.context["page"].questions
        for row in question.markers
    }
    first, second = (rows["q1", marker.name] for marker in markers)
    assert (first.given, second.given) == (2, 2)
    assert first.marked == 2
    assert first.waiting + second.waiting == 2
    assert (first.per_hour, second.per_hour) == (2.0, None)
    assert (first.left == "") == (first.waiting == 0)
    assert page.context["page"].own == 0
    assert signed_in(markers[1]).get(address(assignment)).context["page"].own >= 2


def test_what_nobody_is_given_waits_for_all_markers() -> None:
    assignment, lecturer, markers = made(students=2)
    for person in (lecturer, markers[0]):
        page = signed_in(person).get(address(assignment))
        assert page.context["page"].own == 4
        assert "Waiting for you 4 shared with all markers" in words(page)
        assert page.content.decode().count("Mark the next one</a>") == 2
    Assignment.objects.update(markers_see_own_only=True)
    page = signed_in(markers[0]).get(address(assignment))
    assert page.context["page"].own == 0
    assert "Waiting for you 0 you are given nothing so far" in words(page)
    assert "Mark the next one" not in words(page)


def test_second_markings_that_wait_are_named() -> None:
    assignment, lecturer, markers = made(students=2)
    client = signed_in(lecturer)
    client.post(address(assignment), allocation(markers[:1]))
    form = {"action": "second", "second-markers": markers[1].pk}
    client.post(address(assignment), form | {"second-keys": KEYS, "second-percent": 50})
    text = words(signed_in(markers[1]).get(address(assignment)))
    assert "Waiting for you 2 2 for a second marking" in text


def test_allocations_are_tried_before_they_are_stored() -> None:
    assignment, lecturer, markers = made(students=3)
    absent = EnrolmentFactory.create(course=assignment.course).user
    client = signed_in(lecturer)
    shown = client.post(address(assignment), allocation(markers[:1], preview="1"))
    text = words(shown)
    assert shown.status_code == 200
    assert "A preview: nothing is stored yet 8 answers would be allocated" in text
    assert "2 of them for when their students hand in." in text
    rows = shown.context["preview"].rows
    assert [(row.name, row.before, row.after) for row in rows] == [
        (markers[0].name, 0, 4)
    ] * 2
    assert not MarkerAllocation.objects.exists()
    # The form keeps what was chosen, so one press of a button stores it.
    assert f'value="{markers[0].pk}" id="id_markers_' in shown.content.decode()
    form = allocation(markers[:1], students=absent.email)
    stored = client.post(address(assignment), form, follow=True)
    assert "2 answers are allocated, for when their students hand in." in words(stored)
    client.post(address(assignment), allocation(markers[:1]))
    second = {
        "action": "second",
        "preview": "1",
        "second-markers": markers[1].pk,
        "second-keys": KEYS,
        "second-percent": 100,
    }
    shown = client.post(address(assignment), second)
    assert "6 answers would be allocated." in words(shown)
    assert not MarkerAllocation.objects.filter(stage=Stage.SECOND).exists()


def test_questions_are_named_by_their_titles_where_they_are_withdrawn() -> None:
    assignment, lecturer, markers = made(students=1)
    Question.objects.filter(key="q1").update(title="Why it works")
    client = signed_in(lecturer)
    form = allocation(markers[:1], keys="q1", split="questions")
    client.post(address(assignment), form)
    assert "First marking Why it works All" in words(client.get(address(assignment)))
    withdraw = {"action": "withdraw", "marker": markers[0].pk, "stage": "first"}
    asked = client.post(address(assignment), withdraw | {"key": "q1"})
    assert f"Withdraw “Why it works” from {markers[0].name}?" in words(asked)


def test_form_says_what_second_markers_see() -> None:
    assignment, lecturer, _ = made(students=1)
    text = words(signed_in(lecturer).get(address(assignment)))
    assert "sees nothing of the first marking" in text
    assert "second markers see this coursework's work on its marking pages" in text
    # The table of submissions is closed to them, whatever the settings are.
    assert "find the points of the first marking" not in text


def test_allocation_by_section_is_only_of_these_students() -> None:
    assignment, lecturer, markers = made(students=3)
    author = assignment.submissions.all()[0].author
    client = signed_in(lecturer)
    form = allocation(markers[:1], students=f"{author.email}\n")
    client.post(address(assignment), form)
    row = MarkerAllocation.objects.get()
    assert (row.student, row.key, row.made_by) == (author, "", lecturer)
    wrong = allocation(markers, students="nobody@example.org")
    answer = client.post(address(assignment), wrong)
    assert (answer.status_code, MarkerAllocation.objects.count()) == (422, 1)
    assert "nobody@example.org" in words(answer)
    withdraw = {
        "action": "withdraw",
        "marker": markers[0].pk,
        "stage": "first",
        "key": "",
    }
    asked = client.post(address(assignment), withdraw)
    assert (asked.status_code, MarkerAllocation.objects.count()) == (200, 1)
    assert f"Withdraw all questions from {markers[0].name}?" in words(asked)
    confirmed = {**withdraw, "confirmed": "1"}
    assert client.post(address(assignment), confirmed).status_code == 302
    assert not MarkerAllocation.objects.exists()
    assert CourseChange.objects.filter(made_by=lecturer).count() == 2
    twice = client.post(address(assignment), {**withdraw, "key": "\x00"}, follow=True)
    assert "taken back already" in words(twice)


def test_second_marking_is_drawn_from_the_page() -> None:
    assignment, lecturer, markers = made(students=3)
    form = {
        "action": "second",
        "second-markers": [marker.pk for marker in markers],
        "second-keys": ["q2"],
        "second-percent": 100,
    }
    signed_in(lecturer).post(address(assignment), form)
    rows = MarkerAllocation.objects.filter(stage=Stage.SECOND, key="q2")
    assert rows.count() == 3


def test_assistants_see_progress_and_change_nothing() -> None:
    assignment, lecturer, markers = made(students=1)
    client = signed_in(markers[0])
    seen, edited = client.get(address(assignment)), signed_in(lecturer)
    assert "Allocate" not in words(seen)
    for answer, edits in ((seen, False), (edited.get(address(assignment)), True)):
        content = answer.content.decode()
        assert ("/marking/rubrics/q1/" in content) is edits
        assert "/marking/questions/q1/nothing/" in content
        assert "/marking/questions/q1/answers/" in content
    assert client.post(address(assignment), allocation(markers)).status_code == 403
    assert not MarkerAllocation.objects.exists()


def queries_for(students: int) -> int:
    assignment, lecturer, markers = made(students=students)
    client = signed_in(lecturer)
    client.post(address(assignment), allocation(markers))
    for submission in assignment.submissions.all():
        run = submission.runs.get()
        for stage, points in ((Stage.FIRST, 1), (Stage.SECOND, 3)):
            MarkingFactory.create(
                run=run, stage=stage, adjustment=points, marker=markers[0]
            )
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address(assignment)).status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_students() -> None:
    few = queries_for(2)
    assert few <= 34
    assert queries_for(12) == few


def test_what_is_given_and_what_is_left_add_up() -> None:
    assignment, lecturer, (marker, other) = made(students=5)
    works = list(assignment.submissions.all())
    for work in works[:3]:
        MarkerAllocation.objects.create(
            assignment=assignment, marker=marker, key="q1", student=work.author
        )
    # One of the answers is marked by somebody else, and one that nobody is given.
    for work, who in ((works[0], marker), (works[1], other), (works[4], marker)):
        MarkingFactory.create(run=work.runs.get(), marker=who)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=other, stage=Stage.SECOND, key="q1"
    )
    answer = signed_in(lecturer).get(address(assignment))
    page = answer.context["page"]
    question = page.questions[0]
    rows = [
        *((row.given, row.given_marked, row.waiting) for row in question.first_markers),
        (
            question.progress.not_given,
            question.progress.not_given_marked,
            question.progress.not_given_waiting,
        ),
    ]
    assert [sum(column) for column in zip(*rows, strict=True)] == [5, 3, 2]
    assert all(given == marked + waits for given, marked, waits in rows)
    assert question.marked_by_first == question.progress.marked == 3
    assert [row.given for row in question.second_markers] == [5]
    assert (page.answers, page.marked + page.waiting) == (10, 10)
    # Of what waits: one answer to the first question, and all to the second.
    assert page.not_given == 6
    said = words(answer)
    assert "Nobody 2 1 1" in said
    assert "All 5 3 2 3" in said
