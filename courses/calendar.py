"""A person's calendar as an iCalendar file (RFC 5545). Reads rows, stores nothing.

The same rows give the same bytes: no time of writing is in them, so that a program
which asks again can be told that nothing is new.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import urlsplit

from icalendar import Calendar, Event

from courses.calendar_zones import zones_of
from courses.deadlines import deadline_of
from courses.meetings import teachers_of
from courses.models import Assignment, Course, Session
from courses.release import is_out

# How often programs are asked to look again.
REFRESH: Final = dt.timedelta(hours=1)
HIDDEN: Final = "Students do not see this yet."


def build_calendar(
    *,
    sessions: Iterable[Session],
    work: Iterable[Assignment],
    site: str,
    now: dt.datetime,
) -> bytes:
    """Return the sessions that have a time, and the deadlines, as iCalendar.

    The rows come from `courses.services.calendar`, with how often and when each was
    changed, and work with the person's own `extended_to`. `site` is the portal's
    address, with which links and names begin.
    """
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Softmark//Calendar//EN")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("X-WR-CALNAME", "Softmark")
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")
    events = [_session(row, site, now) for row in sessions if row.starts_at]
    events += [_deadline(item, site, now) for item in work]
    for zone in zones_of([event.start for event in events]):
        calendar.add_component(zone)
    for event in events:
        calendar.add_component(event)
    return bytes(calendar.to_ical())


def spoken(moment: dt.datetime, course: Course) -> str:
    """Return a moment in the course's zone, in words."""
    local = moment.astimezone(course.tz)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M %Z}"


def _session(session: Session, site: str, now: dt.datetime) -> Event:
    course = session.course
    event = _event(f"session-{session.pk}", session, site)
    named = f"{course.codes or course.title} {session.name}"
    event.add("SUMMARY", f"Cancelled: {named}" if session.is_cancelled else named)
    event.add("DTSTART", _local(session.starts_at, course))
    event.add("DTEND", _local(session.ends_at, course))
    event.add("STATUS", "CANCELLED" if session.is_cancelled else "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT" if session.is_cancelled else "OPAQUE")
    places = (str(session.room or ""), session.online_label)
    if any(places):
        event.add("LOCATION", ", ".join(filter(None, places)))
    event.add("URL", session.online_url or f"{site}{course.get_absolute_url()}")
    event.add("DESCRIPTION", "\n".join(_about(session, site, now)))
    return event


def _about(session: Session, site: str, now: dt.datetime) -> list[str]:
    """What there is to know beside time and place, a line each."""
    course = session.course
    names = teachers_of(session)
    lines = [
        "" if is_out(session.release_at, now) else HIDDEN,
        f"Cancelled: {session.cancel_reason}" if session.cancel_reason else "",
        f"Moved from {spoken(session.moved_from, course)}."
        if session.moved_from
        else "",
        session.note,
        *_lectures(session),
        f"With {', '.join(names)}." if names else "",
        _link(session.online_label or "Online", session.online_url),
        _link(session.queue_label or "Queue", session.queue_url),
        _link(str(course), f"{site}{course.get_absolute_url()}"),
    ]
    return [line for line in lines if line]


def _lectures(session: Session) -> list[str]:
    lines = []
    for place in session.lecture_places.all():
        part = f" ({place.part})" if place.part else ""
        before = ". Watch it before." if place.watch_before else ""
        lines.append(f"{place.lecture}{part}{before}")
    return lines


def _deadline(assignment: Assignment, site: str, now: dt.datetime) -> Event:
    """An event without a length, at the moment of the person's own deadline."""
    row: Any = assignment  # with the column that with_extension_of added
    course, own = assignment.course, deadline_of(assignment, row.extended_to)
    event = _event(f"deadline-{assignment.pk}", assignment, site)
    event.add("SUMMARY", f"Due: {assignment.title} ({course.codes or course.title})")
    event.add("DTSTART", _local(own.due_at, course))
    event.add("STATUS", "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")
    address = f"{site}{assignment.get_absolute_url()}"
    event.add("URL", address)
    extended = (
        "This is your own deadline. The common one is "
        f"{spoken(assignment.due_at, course)}."
    )
    closes_at = own.stated_closes_at
    late = f"Late work is taken until {spoken(closes_at, course)}."
    lines = [
        "" if is_out(assignment.release_at, now) else HIDDEN,
        extended if own.due_at != assignment.due_at else "",
        late if closes_at > own.due_at else "",
        _link("Hand in", address),
    ]
    event.add("DESCRIPTION", "\n".join(line for line in lines if line))
    return event


def _event(name: str, row: Any, site: str) -> Event:
    """An event with a name that stays, and with how often and when it was changed."""
    event = Event()
    event.add("UID", f"{name}@{urlsplit(site).hostname or 'softmark'}")
    event.add("SEQUENCE", row.times_changed)
    # Never the time of writing, by which every answer would be new.
    moments = (row.changed_at, row.release_at, row.course.release_at)
    modified = max((each for each in moments if each), default=_EPOCH)
    event.add("DTSTAMP", modified.astimezone(dt.UTC))
    event.add("LAST-MODIFIED", modified.astimezone(dt.UTC))
    return event


_EPOCH: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


def _local(moment: dt.datetime | None, course: Course) -> dt.datetime:
    """A moment in the course's zone, without what a calendar does not show."""
    if moment is None:
        raise ValueError("This has no time.")
    return moment.replace(microsecond=0).astimezone(course.tz)


def _link(label: str, url: str) -> str:
    return f"{label}: {url}" if url else ""
