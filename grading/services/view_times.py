"""When a student can no longer hand in, and so may see what hidden checks found."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import OuterRef, Subquery

from accounts.models import User
from courses.deadlines import Deadline, deadline_of
from courses.extra_time import ExtraTime
from courses.models import Assignment
from courses.querysets.extra_time_columns import extra_time_of
from courses.querysets.group_release_columns import group_release_of
from grading.models import Mark
from grading.visible_results import ViewTimes
from submissions.models import OpenedAttempt


@dataclass(frozen=True, kw_only=True)
class OwnRelease:
    """When the marks come out for one student, and what staff decided for them.

    That is with the release for everybody, or with that for the student's group if it
    is earlier.
    """

    released_at: dt.datetime | None
    standing: str = ""

    @classmethod
    def of(
        cls,
        assignment: Assignment,
        *,
        group_released_at: dt.datetime | None,
        standing: str = "",
    ) -> "OwnRelease":
        """Return the release for a student of a group whose marks come out then."""
        found = (assignment.marks_released_at, group_released_at)
        times = [each for each in found if each is not None]
        return cls(released_at=min(times, default=None), standing=standing or "")


@dataclass(frozen=True, kw_only=True)
class OwnTimes:
    """A student's own deadline for an assignment, and the release of their mark."""

    extra_time: ExtraTime
    deadline: Deadline
    release: OwnRelease

    def view(
        self, assignment: Assignment, student_id: int, *, now: dt.datetime
    ) -> ViewTimes:
        """Return the times that decide what the student sees now: see `view_times`."""
        return view_times(
            assignment,
            student_id,
            closes_at=self.deadline.results_wait_until,
            now=now,
            own=self.release,
        )


def own_times(assignment: Assignment, student: User | int) -> OwnTimes:
    """Return the student's own times for the assignment. One query."""
    marks = Mark.objects.filter(assignment=OuterRef("pk"), student=student).order_by()
    rows: Any = Assignment.objects.filter(pk=assignment.pk).order_by()
    extra_time, group_released_at, standing = (
        rows.annotate(
            extra_time=extra_time_of(student),
            group_released_at=group_release_of(student),
            own_standing=Subquery(marks.values("standing")[:1]),
        )
        .values_list("extra_time", "group_released_at", "own_standing")
        .get()
    )
    return OwnTimes(
        extra_time=extra_time,
        deadline=deadline_of(assignment, extra_time),
        release=OwnRelease.of(
            assignment, group_released_at=group_released_at, standing=standing
        ),
    )


def view_times(
    assignment: Assignment,
    student_id: int | None,
    *,
    closes_at: dt.datetime,
    now: dt.datetime,
    sees_all: bool = False,
    own: OwnRelease | None = None,
) -> ViewTimes:
    """Return the times that decide what is shown of the student's work.

    This is the one place that says whether marks are released to a student; in SQL it
    is `grading.querysets.released`. `closes_at` is the last moment at which the
    student's work is taken, or may be once an open request is answered:
    `Deadline.results_wait_until`. No query if the student's `own` release is given, but
    one where that moment was so short ago that an attempt opened before it may still be
    handed in.

    SECURITY: an attempt that was opened in time is handed in on time, also after the
    close. Until then its author must not see what hidden checks found.
    """
    hours = dt.timedelta(hours=settings.OPENED_HOURS)
    longest = max(hours, dt.timedelta(minutes=assignment.upload_minutes))
    if (
        student_id is not None
        and not sees_all
        and closes_at < now <= closes_at + longest
    ):
        closes_at = _last_moment(assignment, student_id, closes_at, now)
    if own is None and student_id is not None and not sees_all:
        own = own_times(assignment, student_id).release
    # Who sees all work is told nothing new by a release.
    own = own or OwnRelease(released_at=assignment.marks_released_at)
    return ViewTimes(
        now=now,
        closes_at=closes_at,
        released_at=own.released_at,
        sees_all=sees_all,
        standing=own.standing,
    )


def _last_moment(
    assignment: Assignment, student_id: int, closes_at: dt.datetime, now: dt.datetime
) -> dt.datetime:
    """Return until when the student can still hand in what was opened before the close."""
    opened = (
        OpenedAttempt.objects.unfinished()
        .filter(assignment=assignment, author=student_id, expires_at__gt=now)
        .filter(opened_at__lt=closes_at + dt.timedelta(seconds=1))
        .prefetch_related("uploads")
        .first()
    )
    if opened is None:
        return closes_at
    received_at = opened.received_at
    if received_at is None:
        return max(closes_at, opened.complete_by)
    is_in_time = received_at.replace(microsecond=0) <= closes_at
    return opened.expires_at if is_in_time else closes_at
