"""A student's extra time: an extension of one assignment, and an accommodation.

Pure functions, without a database. An accommodation is extra time for every deadline of
a course. It is never stored with an assignment: the deadline follows from the dates of
the assignment as they are.
"""

import datetime as dt
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

# An open request keeps hidden results hidden for so long after the wished deadline.
ANSWERED_WITHIN: Final = dt.timedelta(days=7)
_SECOND: Final = dt.timedelta(seconds=1)
# A percentage of seconds, divided by this, is in minutes.
_PERCENT_OF_A_MINUTE: Final = 6000


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtraTime:
    """What may give one student a later deadline for one assignment.

    `extended_to` is the extension. `hours` and `percent` are the accommodation in the
    course: one of them, or neither. `asked_at` and `asked_until` are of a request for an
    extension that nobody has answered yet: when it was made, and the wished deadline.
    """

    extended_to: dt.datetime | None = None
    hours: int = 0
    percent: int = 0
    asked_at: dt.datetime | None = None
    asked_until: dt.datetime | None = None

    @property
    def is_accommodated(self) -> bool:
        """Whether the student has an accommodation in the course."""
        return bool(self.hours or self.percent)

    def awaited_until(self, closes_at: dt.datetime) -> dt.datetime | None:
        """Return until when an open request is waited for, or None.

        That is ANSWERED_WITHIN after the wished deadline. A request that was made after
        `closes_at` is not waited for: the student could see hidden results by then.
        """
        asked_at, until = self.asked_at, self.asked_until
        if asked_at is None or until is None:
            return None
        if asked_at.replace(microsecond=0) > closes_at:
            return None
        try:
            return until + ANSWERED_WITHIN
        except OverflowError:  # a deadline in the year 9999, which stands for "never"
            return until

    def reason(self, due_at: dt.datetime) -> str:
        """Return what gives the student this deadline of their own, in words."""
        is_extension = self.extended_to is not None and self.extended_to >= due_at
        return "an extension" if is_extension else "an accommodation"

    def later_due(
        self, *, release_at: dt.datetime | None, due_at: dt.datetime
    ) -> dt.datetime | None:
        """Return the later of the extension and the accommodated deadline, or None.

        `release_at` and `due_at` are the assignment's.
        """
        accommodated = (
            accommodated_due(
                release_at=release_at,
                due_at=due_at,
                hours=self.hours,
                percent=self.percent,
            )
            if self.is_accommodated
            else None
        )
        found = [each for each in (self.extended_to, accommodated) if each is not None]
        return max(found, default=None)


NO_EXTRA_TIME: Final = ExtraTime()


def accommodated_due(
    *, release_at: dt.datetime | None, due_at: dt.datetime, hours: int, percent: int
) -> dt.datetime:
    """Return the deadline with so many hours more, or so many percent more time.

    The percentage is of the real time from the release to the common deadline, in whole
    minutes, rounded up. Without a release time there is nothing to take it from.
    `courses.querysets.extra_time_columns.AccommodatedDue` is the same rule in SQL.
    """
    due = due_at.astimezone(dt.UTC).replace(microsecond=0)
    minutes = 60 * hours
    if percent and release_at is not None:
        since = due - release_at.astimezone(dt.UTC).replace(microsecond=0)
        seconds = max(since // _SECOND, 0)
        minutes += -(-seconds * percent // _PERCENT_OF_A_MINUTE)
    try:
        return due + dt.timedelta(minutes=minutes)
    except OverflowError:  # a deadline in the year 9999, which stands for "never"
        return due


def amount_words(*, hours: int, percent: int) -> str:
    """Return an accommodation in words, such as `25 % more time`."""
    if percent:
        return f"{percent} % more time"
    return "1 hour more" if hours == 1 else f"{hours} hours more"


@lru_cache(maxsize=4096)
def parse_extra_time(text: str) -> ExtraTime:
    """Return the extra time of a JSON object of the database. Times are in UTC."""
    given = json.loads(text)
    return ExtraTime(
        extended_to=_moment(given["extended_to"]),
        hours=given["hours"] or 0,
        percent=given["percent"] or 0,
        asked_at=_moment(given["asked_at"]),
        asked_until=_moment(given["asked_until"]),
    )


def _moment(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    at = dt.datetime.fromisoformat(text)
    return at.replace(tzinfo=dt.UTC) if at.tzinfo is None else at  # None: SQLite
