"""Answers that are alike are found, and marked by one decision."""

import pytest

from accounts.models import User
from courses.models import Assignment
from grading.models import Stage
from grading.services.marker_scope import marker_scope
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.marking_alike import AlikeWork, mark_alike
from grading.services.marking_queue import MarkingQueue, load_marking_queue
from grading.services.student_answers import LikeAnswers, like_answers
from tests.factories import RevisionFileFactory
from tests.grading.marking import (
    answered,
    item_id,
    marked_assignment,
    marker_of,
    marking_of,
    notebook,
)

pytestmark = pytest.mark.django_db
LONG = " ".join(f"word{number}" for number in range(60))


@pytest.fixture
def assignment() -> Assignment:
    return marked_assignment()


@pytest.fixture
def marker(assignment: Assignment) -> User:
    return marker_of(assignment)


def queue_of(assignment: Assignment, marker: User) -> MarkingQueue:
    return load_marking_queue(assignment, marker_scope(marker, assignment))


def alike(
    assignment: Assignment, queue: MarkingQueue, student: User, seconds: float = 60
) -> LikeAnswers:
    item = queue.find("words", student.pk)
    assert item is not None
    assert assignment.revision is not None
    return like_answers(
        item,
        queue.items,
        keys={"words"},
        revision=assignment.revision,
        seconds=seconds,
    )


def test_identical_and_nearly_identical_answers_are_found(
    assignment: Assignment, marker: User
) -> None:
    run = answered(assignment, LONG)
    same = answered(assignment, LONG + "  ")
    near = answered(assignment, LONG.replace("word30", "other"))
    upper = answered(assignment, LONG.upper())
    answered(assignment, "Something else.")
    queue = queue_of(assignment, marker)
    found = alike(assignment, queue, run.work.author)
    assert [each.student for each in found.identical] == [same.work.author_id]
    assert {each.student for each in found.nearly} == {
        near.work.author_id,
        upper.work.author_id,
    }
    assert found.is_complete
    assert not found.is_handout
    assert not alike(assignment, queue, run.work.author, seconds=0).is_complete


def test_answers_left_as_they_were_given_out_are_named_so(
    assignment: Assignment, marker: User
) -> None:
    given = "*Your answer*"
    RevisionFileFactory.create(
        revision=assignment.revision,
        part="handout",
        name="work.ipynb",
        text=notebook({"words": given}),
    )
    run = answered(assignment, given)
    empty = answered(assignment, " ")
    queue = queue_of(assignment, marker)
    assert alike(assignment, queue, run.work.author).is_handout
    # Nothing is compared with an empty answer: it may be one that was not found.
    answered(assignment, " ")
    found = alike(assignment, queue_of(assignment, marker), empty.work.author)
    assert (found.identical, found.total) == ((), 0)


def test_each_is_stored_by_itself_and_what_could_not_be_is_named(
    assignment: Assignment, marker: User
) -> None:
    runs = [answered(assignment, LONG) for _ in range(3)]
    rubric = assignment.rubrics.get()
    queue = queue_of(assignment, marker)
    items = [queue.find("words", run.work.author_id) for run in runs]
    target = MarkingTarget(
        rubric=rubric, student=runs[2].work.author, submission=runs[2].work
    )
    other = marker_of(assignment, first_name="Alan", last_name="Turing")
    save_marking(actor=other, target=target, given=GivenMarking(), version=0)
    given = GivenMarking(
        items=frozenset({item_id("Clear")}), cell_comments={2: "Here", 1: "Elsewhere"}
    )
    stored, failed = mark_alike(
        actor=marker,
        rubric=rubric,
        works=[
            AlikeWork(item=each, attempt=1, version=0, cells={2: 1})
            for each in items[1:]
            if each
        ],
        given=given,
        like="BCDFGH",
    )
    assert [each.submission_id for each in stored] == [runs[1].submission_id]
    found = marking_of(runs[1])
    assert found is not None
    assert [(each.cell, each.text) for each in found.cell_comments.all()] == [
        (1, "Here")
    ]
    assert "BCDFGH" in found.changes.get().reason
    assert [each.item for each in failed] == [items[2]]
    assert failed[0].why.startswith("Alan Turing has changed")
    kept = marking_of(runs[2], Stage.FIRST)
    assert kept is not None
    assert kept.points == 0
