"""What a student and staff see of earlier attempts on the page of a run."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun
from tests.factories import (
    AssignmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    hours,
)
from tests.grading.pages import (
    add_question,
    finished_run,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db


def shown(run: GradingRun, user: User | None = None) -> str:
    return words(signed_in(user or run.work.author).get(run.get_absolute_url()))


def two_attempts(visibility: str, before: float, after: float) -> GradingRun:
    """Return the second run, whose harder question scored `after`, not `before`."""
    assignment = AssignmentFactory.create()
    add_question(assignment, visibility)
    student = student_of(assignment)
    finished_run(assignment, student, secret=before)
    return finished_run(assignment, student, secret=after)


def test_changes_are_named_question_by_question() -> None:
    better = two_attempts("always", 0.0, 1.0)
    text = shown(better)
    assert "Since attempt 1 The harder one Not passed → Passed, 0 → 3 points" in text
    assert "The answer Passed →" not in text
    assert "Attempt 1" in text
    assert "2 / 5" in text.split("All attempts")[1]
    html = signed_in(better.work.author).get(better.get_absolute_url()).content.decode()
    assert "Attempt 1: 2 of 5; attempt 2: 5 of 5." in html


@pytest.mark.parametrize("visibility", ["after_deadline", "after_release", "never"])
def test_no_history_tells_what_a_hidden_check_found(visibility: str) -> None:
    """The pages of students differ in nothing, whatever the hidden check found."""
    parts = []
    for before, after in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0)):
        run = two_attempts(visibility, before, after)
        history = shown(run).split("Since attempt 1")[1]
        parts.append(history.split("Receipt")[0].split("Results")[0])
        parts.append(history.split("All attempts")[1].split("Received")[0][:60])
    assert set(parts[::2]) == {parts[0]}
    assert set(parts[1::2]) == {parts[1]}
    assert "Nothing that is shown has changed." in parts[0]
    staff = staff_of(run.work.assignment)
    assert "The harder one Passed → Not passed, 3 → 0 points" in shown(run, staff)


def test_points_of_each_attempt_are_shown_by_its_own_rules() -> None:
    run = two_attempts("after_deadline", 0.0, 1.0)
    assert "Nothing that is shown has changed." in shown(run)
    Assignment.objects.update(due_at=hours(-2), closes_at=hours(-1))
    assert "The harder one Not passed → Passed" in shown(run)


def test_an_attempt_without_a_result_is_skipped() -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    alone = finished_run(assignment, student)
    assert "All attempts" not in shown(alone)
    submission = SubmissionFactory.create(assignment=assignment, author=student)
    queued = GradingRunFactory.create(submission=submission)
    third = finished_run(assignment, student)
    assert "Since attempt 1" in shown(third)
    assert "Since attempt" not in shown(queued)


def test_queries_do_not_grow_with_attempts(
    assert_max_queries: Callable[[int], AbstractContextManager[None]],
) -> None:
    assignment = AssignmentFactory.create()
    student = student_of(assignment)
    runs = [finished_run(assignment, student) for _ in range(6)]
    client, staff = signed_in(student), signed_in(staff_of(assignment))
    with assert_max_queries(20):
        client.get(runs[-1].get_absolute_url())
    with assert_max_queries(24):
        staff.get(runs[-1].get_absolute_url())
