"""Deadlines: who may hand in until when, and what counts as late.

Times are judged to the second, as receipts show them: work that arrives within the
second of the deadline is on time, and work of the next second is late.
"""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from courses.models import Assignment, Extension


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """One student's deadline, and the time after which nothing is taken."""

    due_at: datetime
    closes_at: datetime


def deadline(
    *, due_at: datetime, closes_at: datetime | None, extended_to: datetime | None = None
) -> Deadline:
    """Return the deadline that holds for a student.

    An extension only helps: one that ends before the common deadline changes nothing,
    and work within it is never shut out. Without a closing time, nothing is taken
    after the deadline.
    """
    due = max(due_at, extended_to or due_at)
    return Deadline(due_at=due, closes_at=max(closes_at or due, due))


def is_late(deadline: Deadline, received_at: datetime) -> bool:
    """Whether work received then is late."""
    return received_at.replace(microsecond=0) > deadline.due_at


def is_open(deadline: Deadline, at: datetime) -> bool:
    """Whether work is still taken then, late or not."""
    return at.replace(microsecond=0) <= deadline.closes_at


def deadline_for(assignment: Assignment, user: User) -> Deadline:
    """Return the person's own deadline. One query."""
    extended_to = (
        Extension.objects.filter(assignment=assignment, student=user)
        .values_list("due_at", flat=True)
        .first()
    )
    return deadline(
        due_at=assignment.due_at,
        closes_at=assignment.closes_at,
        extended_to=extended_to,
    )


def deadlines_of(assignment: Assignment) -> dict[int, Deadline]:
    """Return the deadlines of those with an extension, by user id. One query."""
    extended = assignment.extensions.values_list("student_id", "due_at")
    return {
        student_id: deadline(
            due_at=assignment.due_at,
            closes_at=assignment.closes_at,
            extended_to=extended_to,
        )
        for student_id, extended_to in extended
    }
