"""A student's extra time in sentences: until when, and from when it is counted."""

import datetime as dt

from courses.deadlines import deadline_of
from courses.extra_time import ExtraTime, amount_words
from courses.models import Assignment
from courses.wall_clock import moment_words


def extra_time_words(assignment: Assignment, extra_time: ExtraTime) -> list[str]:
    """Return sentences for the student on why their deadline is a later one.

    An extra time that gives no later deadline is left out.
    """
    said = []
    zone = assignment.course.tz
    extended_to = extra_time.extended_to
    if extended_to is not None and extended_to > assignment.due_at:
        said.append(f"You have an extension until {moment_words(extended_to, zone)}.")
    due_at = accommodated_until(assignment, extra_time)
    if due_at > assignment.due_at:
        counted = counted_words(assignment, extra_time)
        said.append(
            f"You have an accommodation in this course: {counted}. That is until "
            f"{moment_words(due_at, zone)}."
        )
    if len(said) > 1:
        said.append("The later date holds.")
    return said


def counted_words(assignment: Assignment, extra_time: ExtraTime) -> str:
    """Return the accommodation and from when to when it is counted, in words."""
    zone = assignment.course.tz
    amount = amount_words(hours=extra_time.hours, percent=extra_time.percent)
    due = moment_words(assignment.due_at, zone)
    if not extra_time.percent:
        return f"{amount}, counted from {due}"
    if assignment.release_at is None:
        return f"{amount}, counted once the coursework has a release time"
    return (
        f"{amount}, counted from {moment_words(assignment.release_at, zone)} to {due}"
    )


def accommodated_until(assignment: Assignment, extra_time: ExtraTime) -> dt.datetime:
    """Return the deadline by the accommodation alone, without an extension."""
    only = ExtraTime(hours=extra_time.hours, percent=extra_time.percent)
    return deadline_of(assignment, only).due_at
