"""Saved comments are changed and removed by those who may use them."""

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment
from grading.models import MarkerAllocation, SavedComment, Stage
from grading.services.saved_comments import keep_comment
from tests.factories import MarkingFactory, UserFactory
from tests.grading.marking import address, answered, marked_assignment, marker_of
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db


def page_of(assignment: Assignment, key: str = "words") -> str:
    return reverse(
        "grading:marking-comments", args=[assignment.course.slug, assignment.slug, key]
    )


def keep(
    assignment: Assignment, actor: User, *texts: str, stage: Stage = Stage.FIRST
) -> None:
    rubric = assignment.rubrics.get()
    for text in texts:
        keep_comment(actor=actor, rubric=rubric, text=text, stage=stage)


def offered(assignment: Assignment, viewer: User) -> list[str]:
    page = signed_in(viewer).get(page_of(assignment)).context["page"]
    return [row.text for row in page.rows]


def test_a_comment_is_changed_for_all_who_use_it_and_markings_keep_it() -> None:
    assignment = marked_assignment()
    run = answered(assignment)
    one, other = marker_of(assignment), marker_of(assignment)
    keep(assignment, one, "Well argude.")
    keep(assignment, other, "Well argude.", "Well argude.")
    marking = MarkingFactory.create(run=run, comment="Well argude.")
    client = signed_in(one)
    assert page_of(assignment) in client.get(address(run)).content.decode()
    assert "used 3 times" in words(client.get(page_of(assignment)))
    form = {"text": "Well argude.", "new": " Well\n argued. ", "action": "rename"}
    answer = client.post(page_of(assignment), form, follow=True)
    assert "Markings that have the old words keep them." in words(answer)
    assert offered(assignment, other) == ["Well argued."]
    marking.refresh_from_db()
    assert marking.comment == "Well argude."


def test_a_comment_that_gets_the_words_of_another_is_counted_with_it() -> None:
    assignment = marked_assignment()
    marker = marker_of(assignment)
    keep(assignment, marker, "One", "One", "Two")
    form = {"text": "One", "new": "Two"}
    signed_in(marker).post(page_of(assignment), form)
    assert [(row.text, row.used) for row in SavedComment.objects.all()] == [("Two", 3)]


def test_a_comment_is_removed_and_twice_is_said_so() -> None:
    assignment = marked_assignment()
    marker = marker_of(assignment)
    keep(assignment, marker_of(assignment), "Old")
    client = signed_in(marker)
    form = {"text": "Old", "action": "remove"}
    answer = client.post(page_of(assignment), form, follow=True)
    assert "offered no longer" in words(answer)
    assert "No saved comments" in words(answer)
    again = client.post(page_of(assignment), form, follow=True)
    assert "removed it already" in words(again)


@pytest.mark.parametrize(
    ("new", "fault"), [(" ", "Write the words"), ("x" * 301, "at most 300")]
)
def test_faulty_words_are_refused_and_stay_in_the_form(new: str, fault: str) -> None:
    assignment = marked_assignment()
    marker = marker_of(assignment)
    keep(assignment, marker, "Good")
    form = {"text": "Good", "new": new}
    answer = signed_in(marker).post(page_of(assignment), form)
    assert answer.status_code == 422
    assert fault in words(answer)
    assert SavedComment.objects.get().text == "Good"


def test_a_second_marker_sees_and_changes_their_own_words_alone() -> None:
    assignment = marked_assignment()
    first, second = marker_of(assignment), marker_of(assignment)
    MarkerAllocation.objects.create(
        assignment=assignment, marker=second, stage=Stage.SECOND
    )
    keep(assignment, first, "Of the first")
    keep(assignment, second, "Of the second", stage=Stage.SECOND)
    assert offered(assignment, second) == ["Of the second"]
    assert offered(assignment, first) == ["Of the first"]
    client = signed_in(second)
    for form in (
        {"text": "Of the first", "new": "Changed"},
        {"text": "Of the first", "action": "remove"},
    ):
        answer = client.post(page_of(assignment), form, follow=True)
        assert "removed it already" in words(answer)
    assert SavedComment.objects.filter(text="Of the first").exists()


def test_who_may_mark_nothing_of_the_question_finds_no_page() -> None:
    assignment = marked_assignment(markers_see_own_only=True)
    marker = marker_of(assignment)
    client = signed_in(marker)
    assert client.get(page_of(assignment)).status_code == 404
    MarkerAllocation.objects.create(assignment=assignment, marker=marker, key="words")
    assert client.get(page_of(assignment)).status_code == 200
    assert client.get(page_of(assignment, "none")).status_code == 404
    stranger = signed_in(UserFactory.create())
    assert stranger.get(page_of(assignment)).status_code == 404
