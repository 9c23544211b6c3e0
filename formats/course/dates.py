"""Parse and write the days and hours of a course file, given the academic year.

A file says “31 January 19:00”. The year is an argument and never guessed.
"""

import datetime as dt
import re
import zoneinfo
from dataclasses import dataclass
from typing import Final, Self

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS: Final = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
WEEK: Final = dt.timedelta(days=7)
_AUGUST: Final = 8
_ABBREVIATED: Final = 3
_YEAR: Final = re.compile(r"(\d{4})-(\d{2})")
_DAY: Final = re.compile(r"(\d{1,2})(?:st|nd|rd|th)? +([A-Za-z]+)(?: +(\d{4}))?")
_HOUR: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?( again)?")
_MOMENT: Final = re.compile(r"(.+?),? +(\d{1,2}:\S+(?: again)?)")


class DateError(ValueError):
    """The text is not an existing day or hour. `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


@dataclass(frozen=True)
class AcademicYear:
    """An academic year: August of one year to July of the next."""

    first: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the year written as 2024-25. Raises DateError."""
        found = _YEAR.fullmatch(text)
        if not found or (int(found[1]) + 1) % 100 != int(found[2]):
            raise DateError(
                f"“{text}” is not an academic year.", "Write it as 2024-25."
            )
        return cls(int(found[1]))

    @classmethod
    def containing(cls, day: dt.date) -> Self:
        """Return the academic year that contains the day."""
        return cls(day.year - (day.month < _AUGUST))

    def __str__(self) -> str:
        return f"{self.first}-{(self.first + 1) % 100:02}"

    @property
    def starts_on(self) -> dt.date:
        """The first day of the year."""
        return dt.date(self.first, _AUGUST, 1)

    def year_of(self, month: int) -> int:
        """Return the calendar year of one of its months."""
        return self.first + (month < _AUGUST)


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """A course's time zone and academic year. `shift` moves every day of the file."""

    zone: zoneinfo.ZoneInfo
    year: AcademicYear
    shift: dt.timedelta = dt.timedelta()

    def day(self, text: str) -> dt.date:
        """Return the day that the text names. Raises DateError."""
        found = _DAY.fullmatch(text.strip())
        month = _month(found[2]) if found else None
        if not found or month is None:
            raise DateError(
                f"“{text}” is not a day.", "Write the day and the month: 31 January."
            )
        year = int(found[3]) if found[3] else self.year.year_of(month)
        try:
            return dt.date(year, month, int(found[1])) + self.shift
        except (ValueError, OverflowError):
            words = f"{found[1]} {MONTHS[month - 1]}"
            raise DateError(f"{words} does not exist in {year}.") from None

    def moment(self, text: str) -> dt.datetime:
        """Return the time of a day and an hour in the course's zone, in UTC.

        Raises DateError.
        """
        found = _MOMENT.fullmatch(text.strip())
        if not found:
            raise DateError(
                f"“{text}” is not a day with an hour.", "Write both: 31 January 19:00."
            )
        return self.at(self.day(found[1]), hour(found[2]))

    def at(self, day: dt.date, time: dt.time) -> dt.datetime:
        """Return the time in UTC. Raises DateError if the local time does not exist."""
        local = dt.datetime.combine(day, time, tzinfo=self.zone)
        moment = local.astimezone(dt.UTC)
        shown = f"{day.day} {MONTHS[day.month - 1]} {day.year} {time:%H:%M}"
        if moment.astimezone(self.zone).replace(tzinfo=None) != local.replace(
            tzinfo=None
        ):
            raise DateError(
                f"{shown} does not exist in {self.zone.key}: clocks go forward then.",
                "Choose another hour.",
            )
        if time.fold and not _is_ambiguous(local):
            raise DateError(
                f"{shown} comes only once in {self.zone.key}.", "Leave out “again”."
            )
        return moment

    # --- Writing ----------------------------------------------------------------

    def local(self, moment: dt.datetime) -> dt.datetime:
        """Return the time in the course's time zone."""
        return moment.astimezone(self.zone)

    def day_text(self, day: dt.date) -> str:
        """Return the text of a day, with its year if it is in another academic year."""
        text = f"{day.day} {MONTHS[day.month - 1]}"
        is_plain = AcademicYear.containing(day) == self.year
        return text if is_plain else f"{text} {day.year}"

    def moment_text(self, moment: dt.datetime) -> str:
        """Return the text of a time, as `moment` reads it, to the second."""
        local = self.local(moment)
        return f"{self.day_text(local.date())} {self.hour_text(local)}"

    def hour_text(self, local: dt.datetime) -> str:
        """Return the text of a local time's hour, as `hour` reads it."""
        again = " again" if local.fold and _is_ambiguous(local) else ""
        return time_text(local.time()) + again


def hour(text: str) -> dt.time:
    """Return a time of day written as 19:00. Raises DateError."""
    found = _HOUR.fullmatch(text.strip())
    try:
        if found:
            return dt.time(
                int(found[1]),
                int(found[2]),
                int(found[3] or 0),
                fold=1 if found[4] else 0,
            )
    except ValueError:
        pass
    raise DateError(f"“{text}” is not a time of day.", 'Write it as "09:00".')


def time_text(time: dt.time) -> str:
    """Return the text of a time of day, with seconds only if they are not zero."""
    return f"{time:%H:%M:%S}" if time.second else f"{time:%H:%M}"


def weekday(text: str) -> int:
    """Return the number of a day from its English name, Monday 0. Raises DateError."""
    try:
        return WEEKDAYS.index(text.casefold())
    except ValueError:
        raise DateError(
            f"“{text}” is not a day of the week.", "Write its name: friday."
        ) from None


def years_that_fit(texts: list[str], year: AcademicYear) -> list[str]:
    """Return the nearby academic years in which all of these days are Mondays."""
    fitting = []
    for first in range(year.first - 6, year.first + 7):
        calendar = Calendar(zone=zoneinfo.ZoneInfo("UTC"), year=AcademicYear(first))
        try:
            days = [calendar.day(text) for text in texts]
        except DateError:
            continue
        if all(day.weekday() == 0 for day in days):
            fitting.append(str(calendar.year))
    return fitting


def _is_ambiguous(local: dt.datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _month(word: str) -> int | None:
    for number, name in enumerate(MONTHS, 1):
        is_short = len(word) >= _ABBREVIATED
        if is_short and name.casefold().startswith(word.casefold()):
            return number
    return None
