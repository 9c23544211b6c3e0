"""A student's deadline by their accommodation, with how it is counted."""

import datetime as dt
from dataclasses import dataclass

from courses.extra_time import ExtraTime
from courses.extra_time_words import accommodated_until, counted_words
from courses.models import Accommodation, Assignment


@dataclass(frozen=True, kw_only=True)
class AccommodatedDeadline:
    """A student's deadline by their accommodation, without an extension.

    `words` say what it gives, and from when to when it is counted.
    """

    accommodation: Accommodation
    assignment: Assignment
    due_at: dt.datetime
    words: str


def accommodated_deadline(
    accommodation: Accommodation, assignment: Assignment
) -> AccommodatedDeadline:
    """Return the deadline of the accommodation's student for one assignment."""
    extra_time = ExtraTime(hours=accommodation.hours, percent=accommodation.percent)
    return AccommodatedDeadline(
        accommodation=accommodation,
        assignment=assignment,
        due_at=accommodated_until(assignment, extra_time),
        words=counted_words(assignment, extra_time),
    )
