"""Times by the clocks of a course's zone, also across a change of the clocks.

Nine o'clock moved by a week is nine o'clock, also if summer time begins in between.
"""

import datetime as dt
import zoneinfo
from typing import Final

from django.core.exceptions import ValidationError

NO_TIME: Final = "no time yet"


def later_by_days(
    moment: dt.datetime, days: int, zone: zoneinfo.ZoneInfo
) -> dt.datetime:
    """Return the moment so many days later, at the same time by that zone's clocks."""
    local = moment.astimezone(zone)
    naive = local.replace(tzinfo=None) + dt.timedelta(days=days)
    return naive.replace(tzinfo=zone, fold=local.fold).astimezone(dt.UTC)


def start_of_day(day: dt.date, zone: zoneinfo.ZoneInfo) -> dt.datetime:
    """Return the midnight at which the day begins in that zone."""
    return dt.datetime.combine(day, dt.time(), tzinfo=zone)


def check_hour(naive: dt.datetime, zone: zoneinfo.ZoneInfo) -> None:
    """Raise ValidationError for a time that the zone's clocks skip or show twice.

    The message says which times before and after it can be entered.
    """
    local = naive.replace(tzinfo=zone)
    if local.utcoffset() == local.replace(fold=1).utcoffset():
        return
    shown = local.astimezone(dt.UTC).astimezone(zone).replace(tzinfo=None)
    is_skipped = shown != naive
    has = f"has no {naive:%H:%M}" if is_skipped else f"has {naive:%H:%M} twice"
    how = "forward" if is_skipped else "back"
    before, after = _clocks_at_change(local, zone)
    first, end = sorted([before, after])
    raise ValidationError(
        f"{zone.key} {has} on {day_words(naive)}: its clocks go {how} from "
        f"{before:%H:%M} to {after:%H:%M}. Enter a time before {first:%H:%M}, or "
        f"{end:%H:%M} or later.",
        code="ambiguous_timezone",
    )


def _clocks_at_change(
    local: dt.datetime, zone: zoneinfo.ZoneInfo
) -> tuple[dt.datetime, dt.datetime]:
    """Return what the clocks show just before and after the change near this time."""
    middle = local.astimezone(dt.UTC).replace(microsecond=0)
    low, high = middle - dt.timedelta(days=1), middle + dt.timedelta(days=1)
    offset = low.astimezone(zone).utcoffset()
    while high - low > dt.timedelta(seconds=1):
        between = low + (high - low) // 2
        if between.astimezone(zone).utcoffset() == offset:
            low = between
        else:
            high = between
    high = high.replace(microsecond=0)
    shown = high.astimezone(zone).replace(tzinfo=None)
    return high.replace(tzinfo=None) + (offset or dt.timedelta()), shown


def zone_of(local: dt.datetime) -> str:
    """Return the short name of a local time's zone: GMT, BST, or UTC+03."""
    name = local.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def day_words(day: dt.date) -> str:
    """Return a date in words, such as Fri 31 Jan 2025."""
    return f"{day:%a} {day.day} {day:%b %Y}"


def moment_words(moment: dt.datetime | None, zone: zoneinfo.ZoneInfo) -> str:
    """Return a moment in words, with its zone: Fri 31 Jan 2025, 19:00 GMT."""
    if moment is None:
        return NO_TIME
    local = moment.astimezone(zone)
    return f"{day_words(local)}, {local:%H:%M} {zone_of(local)}"


def span_words(
    starts_at: dt.datetime | None,
    ends_at: dt.datetime | None,
    zone: zoneinfo.ZoneInfo,
) -> str:
    """Return a start and an end in words: Fri 31 Jan 2025, 09:00 to 10:00 GMT."""
    if starts_at is None or ends_at is None:
        return NO_TIME
    start, end = starts_at.astimezone(zone), ends_at.astimezone(zone)
    if start.date() != end.date():
        return f"{moment_words(start, zone)} to {moment_words(end, zone)}"
    return f"{day_words(start)}, {start:%H:%M} to {end:%H:%M} {zone_of(end)}"
