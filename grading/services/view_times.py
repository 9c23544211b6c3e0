"""When a student can no longer hand in, and so may see what hidden checks found."""

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from courses.models import Assignment
from grading.models import Mark
from grading.visible_results import ViewTimes
from submissions.models import OpenedAttempt


@dataclass(frozen=True, kw_only=True)
class OwnRelease:
    """When the marks come out for one student, and what staff decided for them."""

    released_at: dt.datetime | None
    standing: str = ""


def own_release(
    assignment: Assignment, student_id: int | None, *, now: dt.datetime
) -> OwnRelease:
    """Return the release for this student.

    One query, and none before the release: what is decided for the student shows with
    it.
    """
    standing, released_at = "", assignment.marks_released_at
    if student_id is not None and released_at is not None and released_at <= now:
        marks = Mark.objects.filter(assignment=assignment, student=student_id)
        standing = marks.order_by().values_list("standing", flat=True).first() or ""
    return OwnRelease(released_at=released_at, standing=standing)


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
    own = own or own_release(assignment, student_id, now=now)
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
