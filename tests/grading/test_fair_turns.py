"""The queue is fair: between courses, and between the students of a course."""

import datetime as dt
import math
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun
from grading.services import (
    cancel_run,
    claim_next,
    enqueue_run,
    fail_try,
    fair_turns,
    place_in_queue,
)
from grading.services.fair_turns import SLOT, next_turn
from grading.services.run_queue import LIVE_PRIORITY, REGRADE_PRIORITY
from grading.states import State
from submissions.models import Submission
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    SubmissionFactory,
    TrialFactory,
)
from tests.grading.floods import many_runs, many_submissions

pytestmark = pytest.mark.django_db


def new_course(students: int) -> tuple[Assignment, list[User]]:
    """Return an assignment whose every attempt is run, and the course's students."""
    assignment = AssignmentFactory.create(counting=Counting.BEST)
    people = [
        EnrolmentFactory.create(course=assignment.course).user for _ in range(students)
    ]
    return assignment, people


def hand_in(
    assignment: Assignment, student: User, priority: int = LIVE_PRIORITY
) -> GradingRun:
    """Queue a run of a new attempt without files, and return it."""
    assert assignment.revision is not None
    submission = Submission.objects.create(
        assignment=assignment,
        revision=assignment.revision,
        author=student,
        attempt=Submission.objects.count() + 1,
        started_at=timezone.now(),
    )
    return enqueue_run(actor=SYSTEM, submission=submission, priority=priority)


def take() -> GradingRun | None:
    """Let a worker take the next run and end it; return it, or None if none waits."""
    claim = claim_next(worker="w", queues=["cpu"])
    if claim is None:
        return None
    GradingRun.objects.filter(state=State.RUNNING).exclude(pk=claim.run_id).update(
        state=State.CANCELLED, lease_expires_at=None, finished_at=timezone.now()
    )
    return GradingRun.objects.get(pk=claim.run_id)


def place(run: GradingRun) -> int:
    return place_in_queue(GradingRun.objects.get(pk=run.pk)).position


@pytest.mark.parametrize("taken", [0, 1, 5, 12])
def test_the_first_hand_in_of_a_course_is_next_behind_a_flood(taken: int) -> None:
    flood, students = new_course(15)
    for student in students:
        hand_in(flood, student)
        hand_in(flood, student, REGRADE_PRIORITY)
    for _ in range(taken):
        take()
    assignment, (student,) = new_course(1)
    run = hand_in(assignment, student)
    assert place(run) == 1
    assert take() == run


@pytest.mark.long
@pytest.mark.timeout(300)
def test_it_is_next_behind_thousands_of_regrades_and_hand_ins() -> None:
    flood = AssignmentFactory.create()
    many_runs(
        many_submissions(flood, 5000), priority=REGRADE_PRIORITY, regrade=None, number=2
    )
    live = many_runs(many_submissions(flood, 2000))
    # The rows are as the services would have written them.
    after = hand_in(flood, EnrolmentFactory.create(course=flood.course).user)
    assert after.turn == live[-1].turn + SLOT + 2
    assert place(after) == 2001
    take()
    assignment, (student,) = new_course(1)
    run = hand_in(assignment, student)
    assert place(run) == 1
    assert take() == run


def test_it_is_next_also_while_no_worker_runs_anything() -> None:
    flood, students = new_course(5)
    for student in students:
        hand_in(flood, student)
    assignment, (student,) = new_course(1)
    assert place(hand_in(assignment, student)) == 1


def test_courses_take_turns() -> None:
    first, many = new_course(12)
    for student in many:
        hand_in(first, student)
    take()
    second, few = new_course(4)
    for student in few:
        hand_in(second, student)
    taken = [run.course_id for _ in range(8) if (run := take()) is not None]
    assert taken.count(second.course_id) == taken.count(first.course_id) == 4


def test_a_course_of_weight_two_gets_two_runs_for_one(
    settings: Settings,
) -> None:
    first, many = new_course(9)
    second, as_many = new_course(9)
    settings.COURSE_WEIGHTS = {first.course.slug: 2}
    for one, other in zip(many, as_many, strict=True):
        hand_in(first, one)
        hand_in(second, other)
    taken = [run.course_id for _ in range(9) if (run := take()) is not None]
    assert taken.count(first.course_id) == 6


def test_a_student_with_fifty_runs_delays_classmates_by_two_at_most() -> None:
    assignment, (eager, *others) = new_course(25)
    for _ in range(50):
        hand_in(assignment, eager)
    runs = [hand_in(assignment, student) for student in others]
    ahead = {run.pk: place(run) - 1 - index for index, run in enumerate(runs)}
    assert max(ahead.values()) <= 2


def test_whoever_came_first_in_a_course_is_taken_first() -> None:
    assignment, students = new_course(6)
    runs = [hand_in(assignment, student) for student in students]
    assert [take() for _ in runs] == runs


def test_places_are_those_in_which_runs_are_taken() -> None:
    for students, attempts in ((4, 1), (1, 3), (2, 2)):
        assignment, people = new_course(students)
        for student in people * attempts:
            hand_in(assignment, student)
    places = {run.pk: place(run) for run in GradingRun.objects.all()}
    taken = []
    while claim := claim_next(worker="w", queues=["cpu"]):
        taken.append(places[claim.run_id])
    assert taken == list(range(1, 12))


def test_cancelled_runs_move_nobody_back() -> None:
    assignment, (restless, calm) = new_course(2)
    for _ in range(20):
        run = hand_in(assignment, restless)
        cancel_run(actor=SYSTEM, run=run)
    other, (student,) = new_course(1)
    for _ in range(3):
        hand_in(other, student)
    assert place(hand_in(assignment, calm)) <= 2


def test_handing_in_again_keeps_the_place() -> None:
    assignment = AssignmentFactory.create(counting=Counting.LATEST)
    people = [EnrolmentFactory.create(course=assignment.course).user for _ in range(4)]
    runs = [hand_in(assignment, student) for student in people]
    again = hand_in(assignment, people[1])
    runs[1].refresh_from_db()
    assert runs[1].state == State.SUPERSEDED
    assert (place(again), again.turn) == (2, runs[1].turn)


def test_handing_in_again_and_again_never_wins_a_place() -> None:
    assignment = AssignmentFactory.create(counting=Counting.LATEST)
    people = [EnrolmentFactory.create(course=assignment.course).user for _ in range(4)]
    for student in people:
        hand_in(assignment, student)
    for _ in range(10):
        last = hand_in(assignment, people[3])
    assert place(last) == 4


def test_a_run_that_failed_twice_waits_behind_all_of_its_priority() -> None:
    assignment, students = new_course(3)
    first, *others = [hand_in(assignment, student) for student in students]
    regrade = hand_in(*new_pair(), priority=REGRADE_PRIORITY)
    for _ in range(2):
        claim = claim_next(worker="w", queues=["cpu"])
        assert claim is not None
        assert claim.run_id == first.pk
        fail_try(claim=claim, code="runner_failed")
    assert [take() for _ in range(4)] == [*others, first, regrade]


def new_pair() -> tuple[Assignment, User]:
    assignment, (student,) = new_course(1)
    return assignment, student


def test_a_run_that_comes_back_after_a_fault_is_not_overtaken_by_a_rush() -> None:
    assignment, (student, *others) = new_course(5)
    for each in others:
        hand_in(assignment, each)
    for _ in others:
        take()
    run = hand_in(assignment, student)
    GradingRun.objects.filter(pk=run.pk).update(
        not_before=timezone.now() + dt.timedelta(hours=1)
    )
    rush, people = new_course(5)
    late = [hand_in(rush, each) for each in people]
    GradingRun.objects.filter(pk=run.pk).update(not_before=None)
    assert place(run) <= 2
    assert place(late[-1]) == 6


def test_trials_and_regrades_have_lines_of_their_own() -> None:
    trial = TrialFactory.create(priority=-5)
    turn = next_turn(
        queue="cpu",
        priority=LIVE_PRIORITY,
        course_id=trial.revision.assignment.course_id,
        submission=SubmissionFactory.create(),
    )
    assert turn.number == SLOT


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans()),
        min_size=5,
        max_size=25,
    ),
    st.integers(0, 2),
)
@hypothesis_settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_everybody_is_served_whatever_the_others_do(
    steps: list[tuple[int, int, bool]], course_of_target: int
) -> None:
    """Between a hand-in and its run there is a bounded number of other runs.

    Others hand in at every step, and cancel at some. The bound follows from the turn:
    in a slot, each course has about one run and one further run.
    """
    with transaction.atomic():
        courses = [new_course(5) for _ in range(3)]

        def somebody_hands_in(number: int) -> None:
            course, student, cancels = steps[number % len(steps)]
            assignment, people = courses[course]
            run = hand_in(assignment, people[student])
            if cancels:
                cancel_run(actor=SYSTEM, run=run)

        for number in range(len(steps)):
            somebody_hands_in(number)
            if number % 3 == 0:
                take()
        assignment, people = courses[course_of_target]
        target = hand_in(assignment, people[4])
        slots = (target.turn - fair_turns._clock("cpu", LIVE_PRIORITY)) / SLOT
        for number in range(math.ceil(len(courses) * (2 * slots + 2))):
            somebody_hands_in(number)
            if take() == target:
                break
        target.refresh_from_db()
        assert target.state == State.RUNNING
        transaction.set_rollback(True)


def test_the_number_of_queries_of_a_turn_does_not_grow(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    assignment, (student, *others) = new_course(5)
    for each in [*others, *others]:
        hand_in(assignment, each)
    submission = SubmissionFactory.create(assignment=assignment, author=student)
    with assert_max_queries(4):
        next_turn(
            queue="cpu",
            priority=LIVE_PRIORITY,
            course_id=assignment.course_id,
            submission=submission,
        )
