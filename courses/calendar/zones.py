"""Time zones in a calendar file: when the clocks change, and by how much.

icalendar's own `Timezone.from_tzinfo` puts the change in spring an hour late, because
it steps through local time, in which that hour does not exist. This module uses UTC.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY = dt.timedelta(days=1)
_MINUTE = dt.timedelta(minutes=1)


def zones_of(moments: Sequence[dt.date]) -> list[Timezone]:
    """Return the zones of the moments, for the years that they span. UTC needs none."""
    zones = {
        each.tzinfo.key
        for each in moments
        if isinstance(each, dt.datetime) and isinstance(each.tzinfo, ZoneInfo)
    }
    years = [each.year for each in moments]
    return [_zone(name, min(years), max(years) + 1) for name in sorted(zones - {"UTC"})]


@lru_cache(maxsize=32)
def _zone(name: str, first: int, last: int) -> Timezone:
    """Return the zone with every change of its clocks in these years."""
    zone = ZoneInfo(name)
    component = Timezone()
    component.add("TZID", name)
    start = dt.datetime(first, 1, 1, tzinfo=dt.UTC)
    component.add_component(_observance(zone, start, start))
    for change in _changes(zone, start, dt.datetime(last, 12, 31, tzinfo=dt.UTC)):
        component.add_component(_observance(zone, change - _MINUTE, change))
    return component


def _changes(
    zone: ZoneInfo, start: dt.datetime, end: dt.datetime
) -> Iterator[dt.datetime]:
    """Yield the moments at which the clocks change, in UTC, to the minute."""
    day = start
    while day < end:
        before, after = day, day + _DAY
        if _offset(zone, before) != _offset(zone, after):
            while after - before > _MINUTE:
                middle = before + (after - before) // 2
                is_before = _offset(zone, middle) == _offset(zone, day)
                before, after = (middle, after) if is_before else (before, middle)
            yield after.replace(second=0, microsecond=0)
        day += _DAY


def _observance(
    zone: ZoneInfo, before: dt.datetime, change: dt.datetime
) -> TimezoneStandard | TimezoneDaylight:
    """Return what holds from a change on, starting at the local time before it."""
    local = change.astimezone(zone)
    component = TimezoneDaylight() if local.dst() else TimezoneStandard()
    component.add("DTSTART", (change + _offset(zone, before)).replace(tzinfo=None))
    component.add("TZOFFSETFROM", _offset(zone, before))
    component.add("TZOFFSETTO", _offset(zone, change))
    component.add("TZNAME", local.tzname() or zone.key)
    return component


def _offset(zone: ZoneInfo, moment: dt.datetime) -> dt.timedelta:
    return moment.astimezone(zone).utcoffset() or dt.timedelta()
