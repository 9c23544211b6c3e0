"""Read weeks, sessions and slots: when and where the course meets, and with whom."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from formats.course import course_fields
from formats.course.course_content import (
    SessionLectureRow,
    SessionRow,
    SlotRow,
    WeekRow,
)
from formats.course.course_fields import Context
from formats.course.dates import WEEKDAYS, DateError, time_text, weekday
from formats.course.materials import MATERIAL, MaterialReader
from formats.course.plain_fields import read_plain, yaml_names
from formats.yaml_document import Section

SLOT: Final = yaml_names(SlotRow, "day", "from", "to")
WEEK: Final = yaml_names(WeekRow, "number", "starts", "…", "sessions", "materials")
SESSION: Final = yaml_names(SessionRow, "key", "…", "materials")
PLACE: Final = ("number", "part", "watch_before")


@dataclass(frozen=True, kw_only=True)
class WeekSection:
    """A week of the file, with its sessions as sections."""

    section: Section
    number: int
    sessions: list[Section]


def split_weeks(top: Section) -> list[WeekSection]:
    """Return the weeks of the file with their numbers. Repeated numbers are faults."""
    weeks: list[WeekSection] = []
    lines: dict[int, int] = {}
    for section in top.sections("weeks", WEEK):
        section.require("number", "starts")
        number = section.whole("number", -1, lowest=0, highest=99)
        if number >= 0 and number in lines:
            section.fault(
                f"Week {number} is already on line {lines[number]}.", "number"
            )
        lines.setdefault(number, section.line)
        weeks.append(
            WeekSection(
                section=section,
                number=number,
                sessions=section.sections("sessions", SESSION),
            )
        )
    return weeks


def read_weeks(weeks: Iterable[WeekSection], context: Context) -> tuple[WeekRow, ...]:
    """Return the weeks as rows. The context gives their first days."""
    rows = []
    for week in weeks:
        release = course_fields.release(week.section, context.calendar)
        if week.number in context.weeks:
            rows.append(
                WeekRow(
                    key=str(week.number),
                    line=week.section.line,
                    number=week.number,
                    starts_on=context.weeks[week.number],
                    release_at=release.at,
                    has_own_release=release.is_given,
                    **read_plain(WeekRow, week.section, context),
                )
            )
    return tuple(sorted(rows, key=lambda row: row.number))


def read_sessions(
    weeks: Iterable[WeekSection], context: Context, reader: MaterialReader
) -> tuple[SessionRow, ...]:
    """Return the sessions, and read their materials and those of their weeks."""
    rows = []
    for week in weeks:
        for position, section in enumerate(week.sessions):
            row = _session(section, week.number, position, context)
            rows.append(row)
            reader.read(
                section.sections("materials", MATERIAL),
                week=week.number,
                session=row.key,
            )
        reader.read(week.section.sections("materials", MATERIAL), week=week.number)
    return tuple(rows)


def _session(
    section: Section, week: int, position: int, context: Context
) -> SessionRow:
    section.require("key", "kind")
    starts_at, ends_at = _times(section, week, context)
    release = course_fields.release(section, context.calendar)
    cancelled = section.flag("cancelled")
    if "cancel_reason" in section and not cancelled:
        section.fault(
            "There is a reason, but the session is not cancelled.",
            "cancel_reason",
            hint="Add “cancelled: true”.",
        )
    return SessionRow(
        key=course_fields.slug(section, "key"),
        line=section.line,
        week=week,
        starts_at=starts_at,
        ends_at=ends_at,
        room=course_fields.room(section, context),
        teachers=_teachers(section, context),
        lectures=_places(section, context),
        cancelled=cancelled,
        cancel_reason=course_fields.words(section, "cancel_reason", longest=200),
        position=position,
        release_at=release.at,
        has_own_release=release.is_given,
        **read_plain(SessionRow, section, context),
    )


# --- When -------------------------------------------------------------------------


def _times(
    section: Section, week: int, context: Context
) -> tuple[dt.datetime | None, dt.datetime | None]:
    """Return the start and the end of a session, or None for both.

    A session may belong to a week and have no time.
    """
    said = [key for key in ("day", "date", "from", "to", "until") if key in section]
    if not said:
        return None, None
    on = _day(section, week, context)
    begins = course_fields.time_of_day(section, "from")
    ends = course_fields.time_of_day(section, "to")
    until = course_fields.moment(section, "until", context.calendar)
    _check_keys(section)
    if on is None or begins is None:
        return None, None
    try:
        starts_at = context.calendar.at(on, begins)
        ends_at = until if ends is None else context.calendar.at(on, ends)
    except DateError as error:
        section.fault(error.message, "from", hint=error.hint)
        return None, None
    if ends_at is not None and ends_at <= starts_at:
        section.fault("It ends before it begins.", "to" if "to" in section else "until")
        return None, None
    return (starts_at, ends_at) if ends_at is not None else (None, None)


def _check_keys(section: Section) -> None:
    section.require("from")
    for first, second in (("day", "date"), ("to", "until")):
        if first in section and second in section:
            section.fault(
                f"“{first}” and “{second}” say the same.",
                second,
                hint="Remove one of the two lines.",
            )
        elif first not in section and second not in section:
            section.fault(
                f"“{first}” is missing here.",
                hint=f"Add “{first}: …”; a session without any time has none of these.",
            )


def _day(section: Section, week: int, context: Context) -> dt.date | None:
    if "date" in section:
        return course_fields.day(section, "date", context.calendar)
    starts = context.weeks.get(week)
    number = _weekday(section) if "day" in section else None
    if number is None or starts is None:
        return None
    return starts + dt.timedelta(days=number)


def _weekday(section: Section) -> int | None:
    text = section.text("day")
    try:
        return weekday(text) if text else None
    except DateError as error:
        section.fault(error.message, "day", hint=error.hint)
        return None


# --- Who and what -------------------------------------------------------------------


def _teachers(section: Section, context: Context) -> tuple[str, ...]:
    named = [course_fields.plain_text(name) for name in section.texts("teachers")]
    for name in named:
        if name == "team":
            section.fault(
                "“team” is not a name. It means the teaching assistants.",
                "teachers",
                hint="Write “team: true” instead.",
            )
        elif name not in context.teachers:
            section.fault(
                f"“{name}” is not in “teachers” of this file.",
                "teachers",
                hint="Add the name to the list at the top.",
            )
    return tuple(name for name in context.teachers if name in named)


def _places(section: Section, context: Context) -> tuple[SessionLectureRow, ...]:
    places: dict[str, SessionLectureRow] = {}
    for inner in section.sections("lectures", PLACE):
        inner.require("number")
        number = course_fields.known(
            inner, "number", context.lectures, where="lectures"
        )
        if number in places:
            inner.fault(f"Lecture {number} is in this session already.", "number")
        if number:
            places[number] = SessionLectureRow(
                lecture=number,
                part=course_fields.words(inner, "part", longest=60),
                watch_before=inner.flag("watch_before"),
            )
    return tuple(places.values())


def read_slots(top: Section, context: Context) -> tuple[SlotRow, ...]:
    """Return the weekly slots of the course, in the order of the week."""
    rows = []
    for section in top.sections("slots", SLOT):
        section.require("day", "from", "to", "kind")
        day = _weekday(section)
        starts, ends = (
            course_fields.time_of_day(section, key) for key in ("from", "to")
        )
        room, plain = (
            course_fields.room(section, context),
            read_plain(SlotRow, section, context),
        )
        if day is None or starts is None or ends is None:
            continue
        if ends <= starts:
            section.fault("It ends before it begins.", "to")
        key = slot_key(day, starts)
        context.claim_key(section, "slot", key, "from")
        rows.append(
            SlotRow(
                key=key,
                line=section.line,
                weekday=day,
                starts=starts,
                ends=ends,
                room=room,
                **plain,
            )
        )
    return tuple(sorted(rows, key=lambda row: (row.weekday, row.starts)))


def slot_key(day: int, starts: dt.time) -> str:
    """Return the key of a weekly slot."""
    return f"{WEEKDAYS[day]} {time_text(starts)}"
