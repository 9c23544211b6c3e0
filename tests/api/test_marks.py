"""Reading marks."""

from decimal import Decimal

import pytest

from accounts.models import User
from courses.models import Assignment, Question
from formats.choices import Counting
from grading.models import Mark
from tests.api.asking import get, rows
from tests.factories import (
    EnrolmentFactory,
    ExtensionFactory,
    MarkFactory,
    QuestionResultFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def mark() -> Mark:
    """Return an unreleased mark of 2 out of 2, less an adjustment of half a point."""
    mark = MarkFactory.create(adjustment=Decimal("-0.5"))
    QuestionResultFactory.create(run=mark.run)
    return mark


@pytest.fixture
def assistant(mark: Mark) -> User:
    return EnrolmentFactory.create(course=mark.assignment.course, assistant=True).user


def hide_checks(visibility: str) -> None:
    check = {"name": "check_answer", "points": "2", "visibility": visibility}
    Question.objects.update(checks=[check])


def release(assignment: Assignment) -> None:
    assignment.due_at = hours(-2)
    assignment.marks_released_at = hours(-1)
    assignment.save()


def test_mark_is_provisional_until_it_is_released(mark: Mark) -> None:
    (row,) = rows(mark.student, "marks/")
    assert row["is_provisional"] is True
    assert (row["earned"], row["shown_points"]) == ("1.50", "2.00")
    assert row["points"] == "2.00"
    assert row["parts"] is None


def test_released_mark_has_its_parts(mark: Mark) -> None:
    release(mark.assignment)
    row = get(mark.student, f"marks/{mark.pk}/")
    assert row["is_provisional"] is False
    assert row["parts"] == {
        "automatic_points": "2.00",
        "manual_points": "0.00",
        "adjustment": "-0.50",
        "late_penalty": "0.00",
        "late_reason": "",
        "cap": None,
        "cap_reason": "",
        "final_points": "1.50",
    }


def test_hidden_points_are_not_in_a_provisional_mark(mark: Mark) -> None:
    hide_checks("after_release")
    (row,) = rows(mark.student, "marks/")
    assert (row["earned"], row["shown_points"]) == ("0.00", "0.00")
    assert row["hidden"] == [
        {"visibility": "after_release", "points": "2.00", "checks": 1}
    ]


def test_best_attempt_is_not_named_while_hidden_checks_decide_it(
    mark: Mark, assistant: User
) -> None:
    hide_checks("after_release")
    Assignment.objects.update(counting=Counting.BEST)
    assert rows(mark.student, "marks/")[0]["run"] is None
    assert rows(assistant, "marks/")[0]["run"] == str(mark.run_id)
    release(Assignment.objects.get())
    assert rows(mark.student, "marks/")[0]["run"] == str(mark.run_id)


def test_check_shown_after_the_deadline_waits_for_the_reader_s_own(mark: Mark) -> None:
    hide_checks("after_deadline")
    assignment = mark.assignment
    assignment.due_at = hours(-2)
    assignment.save()
    assert rows(mark.student, "marks/")[0]["earned"] == "1.50"
    ExtensionFactory.create(
        assignment=assignment, student=mark.student, due_at=hours(5)
    )
    assert rows(mark.student, "marks/")[0]["earned"] == "0.00"


def test_staff_read_the_whole_mark(mark: Mark, assistant: User) -> None:
    hide_checks("never")
    (row,) = rows(assistant, "marks/")
    assert row["student"]["id"] == mark.student.pk
    assert row["earned"] == "1.50"
    assert row["parts"]["final_points"] == "1.50"


def test_assistant_elsewhere_sees_their_own_mark_as_students_do(mark: Mark) -> None:
    EnrolmentFactory.create(user=mark.student, assistant=True)
    assert rows(mark.student, "marks/")[0]["parts"] is None


def test_marks_are_found_by_course_assignment_and_student(
    mark: Mark, assistant: User
) -> None:
    other = EnrolmentFactory.create(course=mark.assignment.course).user
    MarkFactory.create(
        run__submission__assignment=mark.assignment, run__submission__author=other
    )
    assert len(rows(assistant, "marks/", course=mark.assignment.course.slug)) == 2
    assert len(rows(assistant, "marks/", assignment=mark.assignment_id)) == 2
    (row,) = rows(assistant, "marks/", student=other.pk)
    assert row["student"]["id"] == other.pk


def test_changes_and_their_reasons_are_not_shown(mark: Mark) -> None:
    mark.changes.create(after=Decimal("1.5"), reason="Something private")
    assert "private" not in str(rows(mark.student, "marks/"))
