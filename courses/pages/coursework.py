"""Coursework as one person sees it: their own deadline, and where it stands."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, cast

from django_stubs_ext import WithAnnotations

from courses.annotations import Attempted
from courses.deadlines import Deadline, deadline_of, is_late, is_open, is_overdue
from courses.models import Assignment
from courses.release_times import is_out

SOON: Final = dt.timedelta(days=3)


class Stage(StrEnum):
    """Where a piece of coursework is for one person. Words: deadline_badge.html."""

    HIDDEN = "hidden"
    OPEN = "open"
    SOON = "soon"
    OVERDUE = "overdue"
    LATE = "late"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True)
class DueAssignment:
    """Coursework with the deadline that holds for one person."""

    assignment: Assignment
    deadline: Deadline
    stage: Stage
    is_extended: bool
    is_new: bool = False
    attempts_used: int = 0
    has_handed_in: bool = False

    @property
    def badge(self) -> str:
        """What the badge says: the stage, or why nothing can be handed in all the same.

        The words are in components/deadline_badge.html.
        """
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
        """Whether the deadline is behind."""
        return self.stage in (Stage.OVERDUE, Stage.LATE, Stage.CLOSED)


def is_newer(release_at: dt.datetime | None, since: dt.datetime | None) -> bool:
    """Whether it came out after that time. Without a time nothing is new."""
    return since is not None and release_at is not None and release_at > since


def stage_of(assignment: Assignment, deadline: Deadline, now: dt.datetime) -> Stage:
    """Return where the coursework is for somebody with this deadline.

    Within a grace it is overdue: the deadline that was told is past, and work is still
    taken and not late.
    """
    if not is_out(assignment.release_at, now):
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
    """Return the work with the person's own deadlines, the nearest first. No query.

    The assignments have their courses, and come from `with_extension_of` and
    `with_attempts_of`. What was handed out after `since` is new. In a course that is
    hidden, everything is.
    """
    found = []
    for assignment in assignments:
        row = cast("WithAnnotations[Assignment, Attempted]", assignment)
        own = deadline_of(assignment, row.extended_to)
        is_course_out = is_out(assignment.course.release_at, now)
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
