"""The text of a course's change for one person, with the deadline that holds now."""

import datetime as dt
from typing import TypeAlias, cast

from django_stubs_ext import WithAnnotations

from courses.annotations import WithViewerExtraTime
from courses.deadlines import deadline_of
from courses.models import Assignment, CourseChange
from courses.wall_clock import moment_words

# A text: on Python 3.11 the alias cannot be made when the portal runs.
ChangeForViewer: TypeAlias = "WithAnnotations[CourseChange, WithViewerExtraTime]"


def change_text(change: CourseChange) -> str:
    """Return the text of the change for the person given to `with_extra_time_of`.

    The record has the deadline from when it was made. Since then the deadline may have
    moved again, the assignment may have another title, and the person may have more
    time: what holds now is computed from the rows. No query if the change was
    loaded with its course and its assignment.
    """
    assignment = change.assignment
    row = cast("ChangeForViewer", change)
    if assignment is None:
        return change.summary
    if change.kind == CourseChange.Kind.DEADLINE:
        return _deadline_words(row, assignment)
    if change.kind == CourseChange.Kind.EXTENSION and row.student_id == row.viewer_id:
        return _extension_words(row, assignment)
    return change.summary


def told_at(change: CourseChange, now: dt.datetime) -> dt.datetime:
    """Return when the person given to `with_extra_time_of` could read of the change.

    Of released marks students read once the portal no longer takes their own work, and
    staff at once.
    """
    assignment = change.assignment
    if assignment is None or change.kind != CourseChange.Kind.RELEASE:
        return change.made_at
    own = deadline_of(assignment, cast("ChangeForViewer", change).extra_time)
    closed_at = own.results_wait_until
    return max(change.made_at, closed_at) if closed_at <= now else change.made_at


def _extension_words(row: ChangeForViewer, assignment: Assignment) -> str:
    own = deadline_of(assignment, row.extra_time)
    now = moment_words(own.due_at, row.course.tz)
    if row.after != now:
        return f"Your deadline for {assignment.title} has moved to {now}."
    return f"For you, {assignment.title} is due on {now}."


def _deadline_words(row: ChangeForViewer, assignment: Assignment) -> str:
    own = deadline_of(assignment, row.extra_time)
    now = moment_words(own.due_at, row.course.tz)
    if own.due_at != assignment.due_at:
        return (
            f"The common deadline for {assignment.title} has moved. Your own deadline "
            f"is {now}, because you have {row.extra_time.reason(own.due_at)}."
        )
    if row.after != now:
        return f"The deadline for {assignment.title} has moved to {now}."
    return f"{assignment.title} is due on {now}."
