"""Assignments for one person: their own deadline, and the stage of each."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, cast

from django_stubs_ext import WithAnnotations

from courses.annotations import WithAttempts
from courses.deadlines import Deadline, deadline_of, is_late, is_open, is_overdue
from courses.models import Assignment
from courses.release_times import is_released

SOON: Final = dt.timedelta(days=3)


class Stage(StrEnum):
    """The stage of an assignment for one person. Their words: deadline_badge.html."""

    HIDDEN = "hidden"
    OPEN = "open"
    SOON = "soon"
    OVERDUE = "overdue"
    LATE = "late"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class DueAssignment:
    """An assignment with the deadline that holds for one person."""

    assignment: Assignment
    deadline: Deadline
    stage: Stage
    is_extended: bool
    is_new: bool = False
    attempts_used: int = 0
    has_handed_in: bool = False

    @property
    def badge(self) -> str:
        """The key of the badge: the stage, or why nothing can be handed in despite it.

        Where people enter the marks, it says whether the date has passed.

        The words are in components/deadline_badge.html.
        """
        if self.assignment.has_entered_marks and self.stage != Stage.HIDDEN:
            return "past" if self.is_past else "entered"
        if self.stage in (Stage.HIDDEN, Stage.CLOSED):
            return self.stage
        limit = self.assignment.max_attempts
        if self.assignment.revision_id is None:
            return "unpublished"
        if limit is not None and self.attempts_used >= limit:
            return "used_up"
        return self.stage

    @property
    def is_past(self) -> bool:
        """Whether the stated deadline has passed."""
        return self.stage in (Stage.OVERDUE, Stage.LATE, Stage.CLOSED)


def is_newer(release_at: dt.datetime | None, since: dt.datetime | None) -> bool:
    """Return whether it was released after that time. Without a time nothing is new."""
    return since is not None and release_at is not None and release_at > since


def stage_of(assignment: Assignment, deadline: Deadline, now: dt.datetime) -> Stage:
    """Return the stage of the assignment for a person with this deadline.

    Within the grace it is overdue: the stated deadline has passed, but work is still
    accepted and is not late.
    """
    if not is_released(assignment.release_at, now):
        return Stage.HIDDEN
    if not is_open(deadline, now):
        return Stage.CLOSED
    if is_late(deadline, now):
        return Stage.LATE
    if is_overdue(deadline, now):
        return Stage.OVERDUE
    return Stage.SOON if deadline.due_at - now <= SOON else Stage.OPEN


def due_assignments(
    assignments: Iterable[Assignment],
    now: dt.datetime,
    *,
    since: dt.datetime | None = None,
) -> list[DueAssignment]:
    """Return the assignments with the person's deadlines, the nearest first. No query.

    The assignments were loaded with their courses, by `with_extra_time_of` and
    `with_attempts_of`. Those handed out after `since` are new. In a hidden course all
    of them are hidden.
    """
    found = []
    for assignment in assignments:
        row = cast("WithAnnotations[Assignment, WithAttempts]", assignment)
        own = deadline_of(assignment, row.extra_time)
        is_course_out = is_released(assignment.course.release_at, now)
        stage = stage_of(assignment, own, now) if is_course_out else Stage.HIDDEN
        found.append(
            DueAssignment(
                assignment=assignment,
                deadline=own,
                stage=stage,
                attempts_used=row.attempts_used,
                has_handed_in=row.has_handed_in,
                is_extended=own.due_at != assignment.due_at,
                is_new=is_newer(assignment.release_at, since),
            )
        )
    return sorted(found, key=lambda work: work.deadline.due_at)
