"""Helpers for tests of marks that people enter."""

from decimal import Decimal

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark
from grading.services.entered_marks import MarkEntry, enter_marks
from tests.factories import EnrolmentFactory


def lecturer_of(assignment: Assignment) -> User:
    """Return a lecturer of the assignment's course."""
    found: User = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    return found


def entry(student: User, points: str | None, seen: str | None = None) -> MarkEntry:
    """Return what somebody enters who saw these points before."""
    return MarkEntry(
        student=student.pk,
        points=None if points is None else Decimal(points),
        seen=None if seen is None else Decimal(seen),
    )


def enter(
    assignment: Assignment, student: User, points: str | None, seen: str | None = None
) -> Mark:
    """Enter a mark as a lecturer, and return it."""
    enter_marks(
        actor=lecturer_of(assignment),
        assignment=assignment,
        entries=[entry(student, points, seen)],
        reason="",
    )
    return Mark.objects.get(assignment=assignment, student=student)
