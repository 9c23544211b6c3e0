"""Days and hours of a course file, read with the course's year and time zone."""

import datetime as dt
import zoneinfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from formats.course.dates import AcademicYear, Calendar, DateError, hour

LONDON = zoneinfo.ZoneInfo("Europe/London")
CALENDAR = Calendar(zone=LONDON, year=AcademicYear(2024))


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("13 January", "2025-01-13"),
        ("13th January", "2025-01-13"),
        ("03rd March", "2025-03-03"),
        ("31 jul", "2025-07-31"),
        ("1 August", "2024-08-01"),
        ("31 December", "2024-12-31"),
        ("20 July 2024", "2024-07-20"),
    ],
)
def test_month_decides_between_the_two_years(text: str, day: str) -> None:
    assert CALENDAR.day(text) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    "text", ["", "13", "January 13", "13 Ja", "13/1", "2025-01-13", "0 May", "31 April"]
)
def test_text_that_is_not_a_day_is_refused(text: str) -> None:
    with pytest.raises(DateError):
        CALENDAR.day(text)


def test_leap_day_is_in_leap_years_only() -> None:
    with pytest.raises(DateError, match="29 February does not exist in 2025"):
        CALENDAR.day("29 February")
    leap = Calendar(zone=LONDON, year=AcademicYear(2023))
    assert leap.day("29 February") == dt.date(2024, 2, 29)


def test_hour_that_clocks_skip_is_refused() -> None:
    with pytest.raises(DateError, match="30 March 2025 01:30 does not exist in Europe"):
        CALENDAR.moment("30 March 01:30")
    assert CALENDAR.moment("30 March 02:30") == utc("2025-03-30 01:30")


def test_hour_that_comes_twice_is_the_first_unless_marked_as_second() -> None:
    assert CALENDAR.moment("27 October 01:30") == utc("2024-10-27 00:30")
    assert CALENDAR.moment("27 October 01:30 again") == utc("2024-10-27 01:30")
    with pytest.raises(DateError, match="comes only once"):
        CALENDAR.moment("28 October 01:30 again")


def test_same_hour_is_another_moment_in_summer_and_elsewhere() -> None:
    assert CALENDAR.moment("28 February 19:00") == utc("2025-02-28 19:00")
    assert CALENDAR.moment("2 May 19:00") == utc("2025-05-02 18:00")
    there = Calendar(zone=zoneinfo.ZoneInfo("America/New_York"), year=CALENDAR.year)
    assert there.moment("2 May 19:00") == utc("2025-05-02 23:00")


def test_moved_run_keeps_the_hours_of_clocks() -> None:
    later = Calendar(zone=LONDON, year=CALENDAR.year, shift=dt.timedelta(weeks=10))
    assert later.moment("28 February 19:00") == utc("2025-05-09 18:00")


@pytest.mark.parametrize("text", ["24:00", "9", "9.00", "09:60", "9:5", "ten"])
def test_text_that_is_not_a_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(DateError, match="not a time of day"):
        hour(text)


@given(
    moment=st.datetimes(
        dt.datetime(2023, 1, 1),  # noqa: DTZ001  the strategy adds the zone
        dt.datetime(2027, 1, 1),  # noqa: DTZ001
        timezones=st.just(dt.UTC),
    ),
    zone=st.sampled_from(["Europe/London", "Asia/Kathmandu", "America/St_Johns"]),
)
def test_any_moment_is_read_as_it_was_written(moment: dt.datetime, zone: str) -> None:
    calendar = Calendar(zone=zoneinfo.ZoneInfo(zone), year=AcademicYear(2024))
    moment = moment.replace(microsecond=0)
    assert calendar.moment(calendar.moment_text(moment)) == moment


@given(day=st.dates(dt.date(2000, 1, 1), dt.date(2090, 12, 31)))
def test_academic_year_goes_from_august_to_july(day: dt.date) -> None:
    year = AcademicYear.containing(day)
    assert AcademicYear.parse(str(year)) == year
    assert year.year_of(day.month) == day.year
