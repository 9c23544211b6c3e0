"""A mark follows the attempt that counts, and never changes without a record."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun, Mark
from grading.services import (
    counting_run,
    load_counting_runs,
    recompute_mark,
    record_changed_marks,
)
from grading.services.counting import choose_counting, counting_rows
from grading.services.hand_points import load_hand_points
from grading.services.marks import attempt_runs, automatic_points
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    ManualQuestionFactory,
    MarkFactory,
    MarkingFactory,
    SubmissionFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def attempt(
    assignment: Assignment, student: User, points: str | None, **traits: object
) -> GradingRun:
    submission = SubmissionFactory.create(assignment=assignment, author=student)
    values = {"finished": True} if points is not None else {}
    return GradingRunFactory.create(
        submission=submission,
        **values,
        automatic_points=None if points is None else Decimal(points),
        **traits,
    )


def recompute(assignment: Assignment, student: User, actor: object = SYSTEM) -> Mark:
    mark = recompute_mark(
        actor=actor,  # type: ignore[arg-type]
        assignment=assignment,
        student=student,
        reason="Because",
    )
    assert mark is not None
    return mark


def test_the_latest_attempt_counts(assignment: Assignment, student: User) -> None:
    attempt(assignment, student, "9")
    latest = attempt(assignment, student, "4")
    assert counting_run(assignment, student) == latest
    assert recompute(assignment, student).final_points == 4


def test_the_best_attempt_counts_if_the_assignment_says_so(
    assignment: Assignment, student: User
) -> None:
    Assignment.objects.update(counting=Counting.BEST)
    best = attempt(assignment, student, "9")
    attempt(assignment, student, "4")
    assert counting_run(assignment, student) == best


def test_of_two_equally_good_attempts_the_later_counts(
    assignment: Assignment, student: User
) -> None:
    Assignment.objects.update(counting=Counting.BEST)
    attempt(assignment, student, "4")
    later = attempt(assignment, student, "4")
    assert counting_run(assignment, student) == later


@pytest.mark.parametrize("counting", Counting.values)
def test_the_latest_finished_run_gives_an_attempt_its_points(
    assignment: Assignment, student: User, counting: str
) -> None:
    Assignment.objects.update(counting=counting)
    first = attempt(assignment, student, "9")
    again = GradingRunFactory.create(
        submission=first.submission, finished=True, automatic_points=Decimal(3)
    )
    assert counting_run(assignment, student) == again


def test_until_a_later_attempt_has_finished_the_earlier_counts(
    assignment: Assignment, student: User
) -> None:
    first = attempt(assignment, student, "9")
    attempt(assignment, student, None)
    assert counting_run(assignment, student) == first


def test_without_a_finished_run_there_is_no_mark(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, None)
    mark = recompute_mark(
        actor=SYSTEM, assignment=assignment, student=student, reason=""
    )
    assert mark is None
    assert not Mark.objects.exists()


def test_the_first_mark_leaves_a_change_from_nothing(
    assignment: Assignment, student: User
) -> None:
    run = attempt(assignment, student, "0")
    change = recompute(assignment, student).changes.get()
    assert (change.before, change.after) == (None, Decimal(0))
    assert (change.actor, change.run, change.reason) == (None, run, "Because")


def test_every_change_records_old_and_new_points_and_the_actor(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "4")
    recompute(assignment, student)
    attempt(assignment, student, "7.5")
    lecturer = UserFactory.create()
    change = recompute(assignment, student, lecturer).changes.latest("at", "pk")
    assert (change.before, change.after) == (Decimal(4), Decimal("7.5"))
    assert change.actor == lecturer


def test_a_mark_that_stays_the_same_leaves_no_change(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "4")
    recompute(assignment, student)
    second = attempt(assignment, student, "4")
    mark = recompute(assignment, student)
    assert (mark.run, mark.changes.count()) == (second, 1)


def test_a_change_of_a_released_mark_is_recorded_too(
    assignment: Assignment, student: User
) -> None:
    attempt(assignment, student, "4")
    recompute(assignment, student)
    Assignment.objects.update(marks_released_at=hours(-1))
    attempt(assignment, student, "5")
    assert recompute(assignment, student).changes.count() == 2


def test_points_given_by_hand_are_kept_and_added(
    assignment: Assignment, student: User
) -> None:
    run = attempt(assignment, student, "4")
    ManualQuestionFactory.create(revision=assignment.revision, points=10)
    MarkFactory.create(run=run, adjustment=Decimal("-1.5"))
    MarkingFactory.create(run=run, adjustment=Decimal(10))
    mark = recompute(assignment, student)
    assert (mark.automatic_points, mark.final_points) == (Decimal(4), Decimal("12.5"))


def test_a_mark_is_never_negative(assignment: Assignment, student: User) -> None:
    run = attempt(assignment, student, "1")
    MarkFactory.create(run=run, adjustment=Decimal(-5))
    assert recompute(assignment, student).final_points == 0


def test_each_student_has_their_own_mark(assignment: Assignment, student: User) -> None:
    attempt(assignment, student, "4")
    attempt(assignment, EnrolmentFactory.create(course=assignment.course).user, "9")
    assert recompute(assignment, student).final_points == 4


# --- Settings changed after handing in ----------------------------------------


def test_a_changed_counting_rule_changes_the_mark_at_once(
    assignment: Assignment, student: User
) -> None:
    best = attempt(assignment, student, "9")
    latest = attempt(assignment, student, "4")
    recompute(assignment, student)
    for counting, run in (("best", best), ("latest", latest)):
        Assignment.objects.update(counting=counting)
        mark = Mark.objects.get()
        assert (mark.run, mark.final_points) == (run, run.automatic_points)


@pytest.mark.parametrize("counting", Counting.values)
@pytest.mark.parametrize("points", [("9", "4"), ("4", "9"), ("4", "4"), ("0", None)])
def test_every_query_finds_the_same_counting_run(
    assignment: Assignment,
    student: User,
    counting: str,
    points: tuple[str, str | None],
) -> None:
    for earned in points:
        attempt(assignment, student, earned)
    other = attempt(assignment, EnrolmentFactory.create().user, "5")
    Assignment.objects.update(counting=counting)
    recompute(assignment, student)
    recompute(assignment, other.work.author)
    runs = attempt_runs(assignment, student.pk)
    expected = choose_counting(counting, runs, automatic_points)
    mark = Mark.objects.get(student=student)
    (attached,) = load_counting_runs(Mark.objects.filter(student=student))
    assert attached.run == mark.run == counting_run(assignment, student) == expected
    assert attached.final_points == mark.final_points
    row = counting_rows(
        assignment, possible={}, marked=load_hand_points([assignment.pk])
    )[student.pk]
    assert expected is not None
    assert (row.attempt, row.automatic) == (
        expected.work.attempt,
        automatic_points(expected),
    )
    assert expected in GradingRun.objects.counting()
    assert GradingRun.objects.counting().count() == 2


def test_a_changed_rule_records_every_mark_that_it_changes(
    assignment: Assignment, student: User
) -> None:
    same = EnrolmentFactory.create(course=assignment.course).user
    for earned in ("9", "4"):
        attempt(assignment, student, earned)
        attempt(assignment, same, "4")
    marks = [recompute(assignment, each) for each in (student, same)]
    Assignment.objects.update(counting=Counting.BEST)
    lecturer = UserFactory.create()
    record_changed_marks(actor=lecturer, assignment=assignment, reason="Best counts")
    assert [mark.changes.count() for mark in marks] == [2, 1]
    change = marks[0].changes.latest("at", "pk")
    assert (change.before, change.after) == (Decimal(4), Decimal(9))
    assert (change.actor, change.reason) == (lecturer, "Best counts")


def test_recording_the_effects_of_a_rule_takes_few_queries(
    assignment: Assignment, assert_max_queries: Callable[[int], Any]
) -> None:
    for _ in range(6):
        one = EnrolmentFactory.create(course=assignment.course).user
        attempt(assignment, one, "4")
        recompute(assignment, one)
    with assert_max_queries(8):
        record_changed_marks(actor=SYSTEM, assignment=assignment, reason="")
