"""Deadlines: until when each person may hand in, and what is late.

Times are compared to the second, as receipts show them: work that arrives within the
second of the deadline is on time, and work of the next second is late.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts.models import User
from courses.extra_time import NO_EXTRA_TIME, ExtraTime
from courses.models import Accommodation, Assignment, Extension


@dataclass(frozen=True, kw_only=True)
class Deadline:
    """One student's deadline, and the time after which no work is accepted.

    `due_at` is the deadline as it is shown; work is late only after `late_after`.
    `awaited_until` is until when an open request for an extension, made in time, is
    waited for.
    """

    due_at: datetime
    late_after: datetime
    closes_at: datetime
    awaited_until: datetime | None = None

    @property
    def results_wait_until(self) -> datetime:
        """The last moment at which the student's work is taken, or may be once more.

        SECURITY: until then nothing hidden is shown. Whoever has asked for an extension
        could otherwise read hidden results before it is granted.
        """
        return max(self.closes_at, self.awaited_until or self.closes_at)

    @property
    def stated_closes_at(self) -> datetime:
        """The closing time as students are told it, without the grace."""
        takes_late_work = self.closes_at > self.late_after
        return self.closes_at if takes_late_work else self.due_at


def deadline(
    *,
    due_at: datetime,
    closes_at: datetime | None,
    extended_to: datetime | None = None,
    grace_minutes: int = 0,
) -> Deadline:
    """Return the deadline that holds for a student.

    An extension only helps: one that ends before the common deadline changes nothing,
    and work within it is always accepted. Without a closing time, no work is accepted
    after the deadline. The grace is added to the deadline that holds, with or without
    an extension, and work within it is on time.
    """
    due = max(due_at, extended_to or due_at)
    late_after = due + timedelta(minutes=grace_minutes)
    return Deadline(
        due_at=due, late_after=late_after, closes_at=max(closes_at or due, late_after)
    )


def is_late(deadline: Deadline, received_at: datetime) -> bool:
    """Return whether work received at this time is late."""
    return received_at.replace(microsecond=0) > deadline.late_after


def late_by(deadline: Deadline, received_at: datetime) -> timedelta:
    """Return by how much work is late, in whole seconds; zero if it is on time.

    It is the real time since the deadline as it is shown. The grace is not taken off:
    otherwise the lateness would tell students how long it is.
    """
    if not is_late(deadline, received_at):
        return timedelta()
    received = received_at.astimezone(UTC).replace(microsecond=0)
    since = received - deadline.due_at.astimezone(UTC)
    return timedelta(seconds=-(-since // timedelta(seconds=1)))


def is_overdue(deadline: Deadline, at: datetime) -> bool:
    """Return whether the stated deadline has passed; the grace may still run."""
    return at.replace(microsecond=0) > deadline.due_at


def is_open(deadline: Deadline, at: datetime) -> bool:
    """Return whether work is still accepted at this time, late or not."""
    return at.replace(microsecond=0) <= deadline.closes_at


def deadline_of(
    assignment: Assignment, extra_time: ExtraTime = NO_EXTRA_TIME
) -> Deadline:
    """Return the assignment's deadline for a student with this extra time.

    Every deadline of a student is computed here. Of an extension and an accommodation,
    the later date holds. Rows have `extra_time` from their querysets. Where people enter
    the marks, nothing is handed in, and the date is the same for everybody.
    """
    if assignment.has_entered_marks:
        return deadline(due_at=assignment.due_at, closes_at=None)
    own = deadline(
        due_at=assignment.due_at,
        closes_at=assignment.closes_at,
        grace_minutes=assignment.grace_minutes,
        extended_to=extra_time.later_due(
            release_at=assignment.release_at, due_at=assignment.due_at
        ),
    )
    awaited_until = extra_time.awaited_until(own.closes_at)
    return own if awaited_until is None else replace(own, awaited_until=awaited_until)


def deadline_for(assignment: Assignment, user: User | int) -> Deadline:
    """Return this person's deadline; `user` may be their id. One query."""
    return deadline_of(assignment, extra_time_for(assignment, user))


def deadlines_with_extra_time(assignment: Assignment) -> dict[User, Deadline]:
    """Return the deadlines of the students who have extra time. Two queries."""
    accommodated = {
        row.student: ExtraTime(hours=row.hours, percent=row.percent)
        for row in Accommodation.objects.filter(
            course=assignment.course_id
        ).select_related("student")
    }
    extended = {
        row.student: replace(
            accommodated.get(row.student, NO_EXTRA_TIME), extended_to=row.due_at
        )
        for row in Extension.objects.filter(assignment=assignment).select_related(
            "student"
        )
    }
    found = accommodated | extended
    return {student: deadline_of(assignment, each) for student, each in found.items()}


def extra_time_for(assignment: Assignment, user: User | int) -> ExtraTime:
    """Return this person's extra time; `user` may be their id. One query."""
    row: Any = Assignment.objects.filter(pk=assignment.pk).with_extra_time_of(user)
    found: ExtraTime = row.order_by().values_list("extra_time", flat=True).get()
    return found
