"""What a marker may mark: which attempts, in which order, and whose."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import MarkerAllocation, Stage
from grading.services.marker_scope import marker_scope
from grading.services.marking import GivenMarking, MarkingTarget, save_marking
from grading.services.marking_queue import (
    MarkingQueue,
    WorkItem,
    load_marking_queue,
    neighbours,
)
from grading.states import State
from tests.factories import EnrolmentFactory
from tests.grading.marking import answered, item_id, marked_assignment, marker_of

pytestmark = pytest.mark.django_db


def queue_of(assignment: Assignment, marker: User, key: str = "") -> MarkingQueue:
    return load_marking_queue(assignment, marker_scope(marker, assignment), key=key)


def allocate(assignment: Assignment, marker: User, **what: object) -> None:
    MarkerAllocation.objects.create(assignment=assignment, marker=marker, **what)


def row(queue: MarkingQueue, key: str = "words") -> list[WorkItem]:
    return queue.row(key, by_student=False)


def test_order_is_by_question_and_code_or_by_code_and_question() -> None:
    assignment = marked_assignment("words", "why")
    for _ in range(3):
        answered(assignment)
    queue = queue_of(assignment, marker_of(assignment))
    codes = sorted({each.code for each in queue.items})
    assert [each.code for each in row(queue, "why")] == codes
    by_student = [(each.code, each.key) for each in queue.row("words", by_student=True)]
    assert by_student == [(code, key) for code in codes for key in ("words", "why")]
    assert {
        each.key for each in queue_of(assignment, marker_of(assignment), "why").items
    } == {"why"}


def test_the_attempt_that_counts_is_marked_and_the_latest_is_known() -> None:
    assignment = marked_assignment()
    first = answered(assignment)
    student = first.work.author
    answered(assignment, student=student, finished=False, executed_sha256="")
    marker = marker_of(assignment)
    (item,) = row(queue_of(assignment, marker))
    assert (item.submission, item.run) == (first.submission_id, first.pk)
    assert (item.attempt, item.latest, item.is_to_mark) == (1, 2, True)
    third = answered(assignment, student=student, automatic_points=0)
    (item,) = row(queue_of(assignment, marker))
    assert item.submission == third.submission_id
    assignment.counting = Counting.BEST
    assignment.save()
    (item,) = row(queue_of(assignment, marker))
    assert (item.submission, item.run) == (first.submission_id, first.pk)


def test_work_whose_run_failed_is_marked_and_work_that_waits_is_not_yet() -> None:
    assignment = marked_assignment()
    failed = answered(assignment, finished=False, needs_staff=True, executed_sha256="")
    answered(assignment, finished=False, executed_sha256="")
    nobody = EnrolmentFactory.create(course=assignment.course).user
    EnrolmentFactory.create(course=assignment.course, left=True)
    queue = queue_of(assignment, marker_of(assignment))
    to_mark = [each for each in queue.items if each.is_to_mark]
    assert [each.run for each in to_mark] == [failed.pk]
    assert failed.state == State.NEEDS_STAFF
    assert [each.student for each in queue.items if each.submission is None] == [
        nobody.pk
    ]
    assert len(row(queue)) == 2


def test_second_marker_gets_the_second_marking_and_its_state_alone() -> None:
    assignment = marked_assignment("words", "why")
    run = answered(assignment)
    first, second = marker_of(assignment), marker_of(assignment)
    allocate(assignment, second, key="words", stage=Stage.SECOND)
    target = MarkingTarget(
        rubric=assignment.rubrics.get(key="words"),
        student=run.work.author,
        submission=run.work,
    )
    given = GivenMarking(items=frozenset({item_id("Clear")}))
    save_marking(actor=first, target=target, given=given, version=0)
    (theirs,) = row(queue_of(assignment, first))
    (own,) = row(queue_of(assignment, second))
    assert (theirs.stage, theirs.is_finished, theirs.version) == (Stage.FIRST, True, 1)
    assert (own.stage, own.is_finished, own.version) == (Stage.SECOND, False, 0)
    # What is not allocated can be marked, but is not in the row.
    queue = queue_of(assignment, second)
    assert queue.find("why", run.work.author_id) is not None
    assert row(queue, "why") == []


def test_markers_who_see_their_own_only_find_nothing_else() -> None:
    assignment = marked_assignment(markers_see_own_only=True)
    mine, other = answered(assignment), answered(assignment)
    marker = marker_of(assignment)
    assert queue_of(assignment, marker).items == ()
    allocate(assignment, marker, student=mine.work.author)
    assert [each.student for each in queue_of(assignment, marker).items] == [
        mine.work.author_id
    ]
    assert queue_of(assignment, other.work.author).items == ()


def test_neighbours_leave_out_what_is_marked_and_what_others_have_open() -> None:
    assignment = marked_assignment()
    for _ in range(4):
        answered(assignment)
    items = row(queue_of(assignment, marker_of(assignment)))
    items[1] = items[1]._replace(is_finished=True)
    one, marked, three, four = items

    def found(item: WorkItem | None, *busy: WorkItem) -> list[WorkItem | None]:
        each = neighbours(
            items,
            key="words",
            student=item.student if item else None,
            busy=[(other.key, other.student) for other in busy],
        )
        return [
            *(each.next_to_mark, each.previous_to_mark, each.following, each.preceding)
        ]

    assert found(one) == [three, four, marked, None]
    assert found(four) == [one, three, None, three]
    assert found(marked, three) == [four, one, three, one]
    assert found(one, three, four)[:2] == [three, four]
    assert found(None)[0] == one


def test_number_of_queries_does_not_grow_with_the_course(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    assignment = marked_assignment("words", "why")
    scope = marker_scope(marker_of(assignment), assignment)
    for _ in range(4):
        answered(assignment)
    load_marking_queue(assignment, scope)
    with assert_max_queries(6):
        load_marking_queue(assignment, scope)
