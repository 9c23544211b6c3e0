"""The dates of the demo course: around the day on which it is made."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Final

from dateutil.easter import easter  # type: ignore[import-untyped]

ZONE: Final = zoneinfo.ZoneInfo("Europe/London")
THIS_WEEK: Final = 4
_FRIDAY: Final = 4
_LEAST_TIME: Final = dt.timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Dates by which today is in week 4, or soon after it while the college is closed.

    The first coursework is due in a few days.
    """

    now: dt.datetime

    @property
    def today(self) -> dt.date:
        """The date in London."""
        return self.now.astimezone(ZONE).date()

    def monday(self, week: int) -> dt.date:
        """Return the Monday of a teaching week."""
        this_monday = self.today - dt.timedelta(days=self.today.weekday())
        while is_closed(this_monday):
            this_monday -= dt.timedelta(weeks=1)
        return this_monday + dt.timedelta(weeks=week - THIS_WEEK)

    def at(self, week: int, *, day: int = 0, hour: int = 9) -> dt.datetime:
        """Return a day and an hour of a teaching week, London time. Day 0 is Monday."""
        date = self.monday(week) + dt.timedelta(days=day)
        return dt.datetime.combine(date, dt.time(hour), tzinfo=ZONE)

    @property
    def first_deadline(self) -> dt.datetime:
        """The next Friday at 19:00 that leaves at least three days."""
        week = THIS_WEEK
        while (
            is_closed(self.monday(week))
            or self.at(week, day=_FRIDAY, hour=19) - self.now < _LEAST_TIME
        ):
            week += 1
        return self.at(week, day=_FRIDAY, hour=19)


def is_closed(monday: dt.date) -> bool:
    """Return whether the college is closed this week: Christmas, New Year, Easter."""
    days = {monday + dt.timedelta(days=day) for day in range(7)}
    holidays = {
        *(dt.date(day.year, 12, 25) for day in days),
        *(dt.date(day.year, 1, 1) for day in days),
        *(easter(day.year) for day in days),
        # Easter Monday is the first day of the next week.
        *(easter(day.year) + dt.timedelta(days=1) for day in days),
    }
    return bool(days & holidays)
