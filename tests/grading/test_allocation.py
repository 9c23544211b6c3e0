"""Giving answers to markers: by question, by student, a second time, and taking back."""

import random
from collections import Counter
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from accounts.models import User
from courses.models import Assignment, CourseChange
from grading.allocation import Given, GivenAnswers, Share, compact, deal_evenly
from grading.models import MarkerAllocation, Stage
from grading.services.allocation import (
    AllocationOrder,
    AllocationRefusedError,
    allocate,
    allocate_second,
    withdraw_allocation,
)
from grading.services.given_answers import given_answers
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkingFactory,
    SubmissionFactory,
)

KEYS = ("q1", "q2")


def made(markers: int = 2, students: int = 5) -> tuple[Assignment, User, list[User]]:
    """Return an assignment with two questions and work, its lecturer, and markers."""
    assignment = AssignmentFactory.create()
    for key in KEYS:
        ManualQuestionFactory.create(revision=assignment.revision, key=key)
    for _ in range(students):
        student = EnrolmentFactory.create(course=assignment.course).user
        GradingRunFactory.create(
            submission=SubmissionFactory.create(assignment=assignment, author=student),
            finished=True,
        )
    people = [
        EnrolmentFactory.create(course=assignment.course, assistant=True).user
        for _ in range(markers)
    ]
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    return assignment, lecturer, people


def markers_of(assignment: Assignment, stage: int = 0) -> dict[tuple[str, int], int]:
    """Return the one marker of each answer of a student with work."""
    found = given_answers(assignment)[stage]
    authors = assignment.submissions.values_list("author", flat=True)
    return {
        (key, author): marker
        for key in KEYS
        for author in authors
        for marker in found.markers(key, author)
    }


def dealt(*shares: Share) -> list[tuple[Share, int | None]]:
    rng = random.SystemRandom()
    return list(deal_evenly(shares, [0, 1, 2], load={}, rng=rng))


def test_shares_are_dealt_evenly_and_never_to_a_barred_marker() -> None:
    even = dealt(*(Share(student=n, keys=("a", "b")) for n in range(90)))
    assert set(Counter(marker for _, marker in even).values()) == {30}
    bars = dealt(
        *(Share(student=n, keys=("a",), barred=frozenset({n % 3})) for n in range(90))
    )
    assert not any(marker in share.barred for share, marker in bars)
    ((_, nobody),) = dealt(Share(student=1, keys=("a",), barred=frozenset({0, 1, 2})))
    assert nobody is None


def test_allocations_are_as_few_as_can_be() -> None:
    answers = {7: [("a", 1), ("a", 2), ("b", 1)], 8: [("b", 2), ("a", 3), ("b", 3)]}
    rows = set(compact(answers, keys=("a", "b"), whole={"a": {1, 2}}))
    assert rows == {
        Given(marker=7, key="a"),
        Given(marker=7, key="b", student=1),
        Given(marker=8, key="b", student=2),
        Given(marker=8, student=3),
    }
    assert GivenAnswers(rows).markers("b", 3) == {8}
    assert GivenAnswers(rows).markers("a", 9) == {7}


@pytest.mark.django_db
def test_students_are_shared_out_evenly_and_what_is_left_is_added() -> None:
    assignment, lecturer, markers = made(students=5)
    EnrolmentFactory.create(course=assignment.course)  # handed in nothing
    order = AllocationOrder(markers=markers)
    assert allocate(actor=lecturer, assignment=assignment, order=order).answers == 12
    before = markers_of(assignment)
    assert sorted(Counter(before.values()).values()) == [4, 6]
    assert allocate(actor=lecturer, assignment=assignment, order=order).answers == 0
    late = EnrolmentFactory.create(course=assignment.course).user
    SubmissionFactory.create(assignment=assignment, author=late)
    assert allocate(actor=lecturer, assignment=assignment, order=order).answers == 2
    assert before.items() < markers_of(assignment).items()
    assert CourseChange.objects.filter(is_public=False).count() == 2


@pytest.mark.django_db
def test_questions_are_given_whole_and_anew_replaces_what_was_given() -> None:
    assignment, lecturer, markers = made()
    student = assignment.submissions.values_list("author", flat=True)[0]
    section = AllocationOrder(markers=markers[:1], students=[student])
    allocate(actor=lecturer, assignment=assignment, order=section)
    order = AllocationOrder(markers=markers, by_question=True, replaces=True)
    allocate(actor=lecturer, assignment=assignment, order=order)
    rows: Any = set(MarkerAllocation.objects.values_list("marker", "key", "student"))
    assert rows == {(markers[0].pk, "q1", None), (markers[1].pk, "q2", None)}
    again = AllocationOrder(markers=markers, students=[student], replaces=True)
    with pytest.raises(AllocationRefusedError, match="Withdraw that first"):
        allocate(actor=lecturer, assignment=assignment, order=again)
    assert MarkerAllocation.objects.count() == 2
    gone = withdraw_allocation(
        actor=lecturer,
        assignment=assignment,
        marker=markers[0],
        stage=Stage.FIRST,
        key="q1",
    )
    assert (gone, MarkerAllocation.objects.get().key) == (1, "q2")
    assert "taken back" in CourseChange.objects.latest("pk").summary


@pytest.mark.django_db
def test_second_markers_are_others_than_the_first_and_draws_do_not_add_up() -> None:
    assignment, lecturer, markers = made(markers=3, students=10)
    order = AllocationOrder(markers=markers[:2])
    allocate(actor=lecturer, assignment=assignment, order=order)
    run = assignment.submissions.order_by("pk")[0].runs.get()
    MarkingFactory.create(run=run, marker=markers[2])  # not theirs by allocation
    for percent, students in ((30, 3), (30, 3), (100, 10)):
        allocate_second(
            actor=lecturer, assignment=assignment, markers=markers, percent=percent
        )
        second = markers_of(assignment, stage=1)
        assert len(second) == 2 * students
    first = markers_of(assignment)
    assert not any(first[answer] == marker for answer, marker in second.items())
    assert second["q1", run.work.author_id] != markers[2].pk
    alone = allocate_second(
        actor=lecturer, assignment=assignment, markers=markers[:1], percent=1
    )
    assert alone.answers == 0


@pytest.mark.django_db
def test_only_those_who_edit_the_course_allocate_to_its_staff() -> None:
    assignment, lecturer, markers = made(students=1)
    order = AllocationOrder(markers=markers)
    with pytest.raises(PermissionDenied):
        allocate(actor=markers[0], assignment=assignment, order=order)
    student = assignment.submissions.get().author
    for wrong, words in (
        (AllocationOrder(markers=[student]), "may not mark"),
        (AllocationOrder(markers=[]), "at least one"),
        (AllocationOrder(markers=markers, keys=["q9"]), "does not exist"),
        (
            AllocationOrder(markers=markers, keys=["q1"], by_question=True),
            "fewer questions",
        ),
    ):
        with pytest.raises(AllocationRefusedError, match=words):
            allocate(actor=lecturer, assignment=assignment, order=wrong)
    assert not MarkerAllocation.objects.exists()


@pytest.mark.django_db
def test_second_markers_are_not_given_the_first_marking_of_the_same_answer() -> None:
    assignment, lecturer, markers = made(students=3)
    allocate_second(
        actor=lecturer, assignment=assignment, markers=markers[:1], percent=100
    )
    by_question = AllocationOrder(markers=markers, by_question=True)
    done = allocate(actor=lecturer, assignment=assignment, order=by_question)
    assert (done.answers, done.left_out) == (3, 3)  # q1 would have one marker twice
    by_student = AllocationOrder(markers=markers)
    done = allocate(actor=lecturer, assignment=assignment, order=by_student)
    assert (done.answers, done.left_out) == (3, 0)
    assert set(markers_of(assignment).values()) == {markers[1].pk}
