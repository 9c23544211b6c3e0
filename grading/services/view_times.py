"""When a student can no longer hand in, and so may see what hidden checks found."""

import datetime as dt

from django.conf import settings

from courses.models import Assignment
from grading.visible_results import ViewTimes
from submissions.models import OpenedAttempt


def view_times(
    assignment: Assignment,
    student_id: int | None,
    *,
    closes_at: dt.datetime,
    now: dt.datetime,
    sees_all: bool = False,
) -> ViewTimes:
    """Return the times that decide what is shown of the student's work.

    `closes_at` is the last moment at which the student's work is taken, or may be once
    an open request is answered: `Deadline.results_wait_until`. No query, but one where
    that moment was so short ago that an attempt opened before it may still be handed in.

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
    return ViewTimes(
        now=now,
        closes_at=closes_at,
        released_at=assignment.marks_released_at,
        sees_all=sees_all,
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
