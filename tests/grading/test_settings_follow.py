"""A setting that changes marks records each change, however the setting is changed."""

from decimal import Decimal

import pytest

from accounts.models import User
from courses.models import Assignment, CourseChange
from courses.services.edited_rows import save_assignment
from formats.choices import Counting
from grading.models import Mark
from tests.factories import AssignmentFactory, EnrolmentFactory
from tests.grading.test_marks import attempt, recompute

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    made: Assignment = AssignmentFactory.create(title="Digits")
    student = EnrolmentFactory.create(course=made.course).user
    for points in ("9", "4"):
        attempt(made, student, points)
    recompute(made, student)
    return made


@pytest.fixture
def lecturer(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course, lecturer=True).user


def test_changed_rule_is_announced_and_recorded_in_each_mark(
    assignment: Assignment, lecturer: User
) -> None:
    assignment.counting = Counting.BEST
    save_assignment(actor=lecturer, assignment=assignment)
    change = Mark.objects.get().changes.latest("at", "pk")
    assert (change.before, change.after, change.actor) == (
        Decimal(4),
        Decimal(9),
        lecturer,
    )
    assert change.reason == "The best attempt counts now."
    (told,) = CourseChange.objects.filter(is_public=True)
    assert told.summary == "Digits: the best attempt counts now."
    assert told.before == "The latest attempt counts"


def test_changed_rule_of_hidden_coursework_is_not_announced(
    assignment: Assignment, lecturer: User
) -> None:
    assignment.release_at = None
    assignment.counting = Counting.BEST
    save_assignment(actor=lecturer, assignment=assignment)
    assert not CourseChange.objects.filter(is_public=True).exists()


def test_other_settings_are_recorded_for_staff_with_both_values(
    assignment: Assignment, lecturer: User
) -> None:
    assignment.max_attempts, assignment.grace_minutes = 3, 5
    save_assignment(actor=lecturer, assignment=assignment)
    change = CourseChange.objects.get(is_public=False)
    assert change.summary == "The settings of Digits changed."
    assert change.before == "minutes of grace: 0; number of attempts: none"
    assert change.after == "minutes of grace: 5; number of attempts: 3"
    assert not change.is_public


def test_unchanged_settings_record_nothing(
    assignment: Assignment, lecturer: User
) -> None:
    save_assignment(actor=lecturer, assignment=assignment)
    assert not CourseChange.objects.exists()
    assert Mark.objects.get().changes.count() == 1
