"""Writing a person's calendar as an iCalendar file (RFC 5545). Stores nothing.

The same rows give the same bytes: the file does not contain the time of writing, so a
program which asks again can be told that nothing is new. If anything in an event
changes, its SEQUENCE, LAST-MODIFIED and DTSTAMP rise: the event is compared with what
was sent.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast
from urllib.parse import urlsplit

from django_stubs_ext import WithAnnotations
from icalendar import Calendar, Event

from courses.annotations import WithExtraTime
from courses.calendar.sent_events import BuiltCalendar, SentEvent
from courses.calendar.zones import zones_of
from courses.deadlines import deadline_of
from courses.models import Assignment, Course, Session
from courses.pages.session_items import teachers_of
from courses.release_times import is_released

# How often calendar programs are asked to load the calendar again.
REFRESH: Final = dt.timedelta(hours=1)
_EPOCH: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_SECOND: Final = dt.timedelta(seconds=1)
HIDDEN: Final = "Students do not see this yet."


def build_calendar(
    *,
    sessions: Iterable[Session],
    work: Iterable[Assignment],
    site: str,
    now: dt.datetime,
    sent: Mapping[str, SentEvent],
) -> BuiltCalendar:
    """Return the sessions that have a time, and the deadlines, as iCalendar.

    The rows come from `courses.calendar.services`, annotated with how often and when
    each was changed, and assignments also with the person's `extra_time`. `site` is
    the portal's address, with which links begin and from which events get their UID.
    `sent` is what was sent to the person's programs before.
    """
    calendar = Calendar()
    calendar.add("VERSION", "2.0")
    calendar.add("PRODID", "-//Softmark//Calendar//EN")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("X-WR-CALNAME", "Softmark")
    calendar.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")
    rows: list[tuple[str, Any, Event]] = [
        (f"session-{row.pk}", row, _session(row, site, now))
        for row in sessions
        if row.starts_at
    ]
    rows += [(f"deadline-{row.pk}", row, _deadline(row, site, now)) for row in work]
    for zone in zones_of([event.start for _, _, event in rows]):
        calendar.add_component(zone)
    sending = {}
    for name, row, event in rows:
        event.add("UID", f"{name}@{urlsplit(site).hostname or 'softmark'}")
        sending[name] = _event_to_send(event, row, sent.get(name), now)
        _stamp(event, sending[name])
        calendar.add_component(event)
    return BuiltCalendar(content=bytes(calendar.to_ical()), sent=sending)


def _event_to_send(
    event: Event, row: Any, before: SentEvent | None, now: dt.datetime
) -> SentEvent:
    """Return what to tell of the event: as before, or with the next SEQUENCE."""
    digest = hashlib.sha256(event.to_ical()).hexdigest()[:32]
    moments = (row.changed_at, row.release_at, row.course.release_at)
    recorded = max((each for each in moments if each and each <= now), default=_EPOCH)
    if before is None:
        return SentEvent(
            digest=digest, sequence=row.times_changed, changed_at=_second(recorded)
        )
    if before.digest == digest:
        return before
    # Times in a calendar are in whole seconds, and two changes within one must differ.
    earliest = before.changed_at + _SECOND
    found_at = recorded if recorded >= earliest else max(now, earliest)
    return SentEvent(
        digest=digest,
        sequence=max(before.sequence + 1, row.times_changed),
        changed_at=_second(found_at),
    )


def _stamp(event: Event, sent: SentEvent) -> None:
    """Add the SEQUENCE to the event, and the time of its last change.

    With the time of writing instead, each answer would differ from the last one.
    """
    event.add("SEQUENCE", sent.sequence)
    event.add("DTSTAMP", sent.changed_at)
    event.add("LAST-MODIFIED", sent.changed_at)


def _second(moment: dt.datetime) -> dt.datetime:
    return moment.astimezone(dt.UTC).replace(microsecond=0)


def moment_in_full(moment: dt.datetime, course: Course) -> str:
    """Return a moment in words, in the course's zone."""
    local = moment.astimezone(course.tz)
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M %Z}"


def _session(session: Session, site: str, now: dt.datetime) -> Event:
    course = session.course
    event = Event()
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
    """Return the lines of a session's description, without time and place."""
    course = session.course
    names = teachers_of(session)
    lines = [
        "" if is_released(session.release_at, now) else HIDDEN,
        f"Cancelled: {session.cancel_reason}" if session.cancel_reason else "",
        f"Moved from {moment_in_full(session.moved_from, course)}."
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
    """Return an event without a length, at the moment of the person's own deadline."""
    row = cast("WithAnnotations[Assignment, WithExtraTime]", assignment)
    course, own = assignment.course, deadline_of(assignment, row.extra_time)
    event = Event()
    is_entered = assignment.has_entered_marks
    due = "" if is_entered else "Due: "
    event.add("SUMMARY", f"{due}{assignment.title} ({course.codes or course.title})")
    event.add("DTSTART", _local(own.due_at, course))
    event.add("STATUS", "CONFIRMED")
    event.add("TRANSP", "TRANSPARENT")
    address = f"{site}{assignment.get_absolute_url()}"
    event.add("URL", address)
    extended = (
        "This is your own deadline. The deadline for everybody else is "
        f"{moment_in_full(assignment.due_at, course)}."
    )
    closes_at = own.stated_closes_at
    late = f"You can hand in late until {moment_in_full(closes_at, course)}."
    lines = [
        "" if is_released(assignment.release_at, now) else HIDDEN,
        extended if own.due_at != assignment.due_at else "",
        late if closes_at > own.due_at else "",
        _link("More" if is_entered else "Hand in", address),
    ]
    event.add("DESCRIPTION", "\n".join(line for line in lines if line))
    return event


def _local(moment: dt.datetime | None, course: Course) -> dt.datetime:
    """Return a moment in the course's zone, in whole seconds."""
    if moment is None:
        raise ValueError("This has no time.")
    return moment.replace(microsecond=0).astimezone(course.tz)


def _link(label: str, url: str) -> str:
    return f"{label}: {url}" if url else ""
