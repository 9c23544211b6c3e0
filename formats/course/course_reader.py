"""Read a whole course file, and find all its faults in one run."""

import datetime as dt
import zoneinfo
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from formats.course import course_fields
from formats.course.assessment import (
    read_components,
    read_coursework,
    report_late_rule,
)
from formats.course.course_content import (
    Content,
    CourseRow,
    LectureRow,
    RoomRow,
    TeacherRow,
)
from formats.course.course_fields import Context
from formats.course.dates import AcademicYear, Calendar, years_that_fit
from formats.course.materials import (
    MATERIAL,
    RECORDING,
    MaterialReader,
    read_examinable,
)
from formats.course.plain_fields import read_plain, yaml_names
from formats.course.timetable import (
    WeekSection,
    read_sessions,
    read_slots,
    read_weeks,
    split_weeks,
)
from formats.problems import (
    Problem,
    ProblemList,
)
from formats.yaml_document import Section, parse

FORMAT: Final = 1
MAX_BYTES: Final = 4 * 1024**2
DEFAULT_ZONE: Final = "Europe/London"
_TOP: Final = (
    "format",
    "course",
    "components",
    "rooms",
    "teachers",
    "slots",
    "lectures",
    "weeks",
    "materials",
    "coursework",
)
_COURSE: Final = yaml_names(
    CourseRow, "title", "module_codes", "time_zone", "released", "summary"
)
ROOM: Final = yaml_names(RoomRow, "name")
LECTURE: Final = yaml_names(LectureRow, "number", "…", "recordings")


@dataclass(frozen=True, kw_only=True)
class CourseFile:
    """A course file without faults, with warnings for staff."""

    content: Content
    warnings: tuple[Problem, ...] = ()


def read_course_file(
    path: Path, *, year: AcademicYear, first_week: dt.date | None = None
) -> CourseFile:
    """Return the course that the file describes, in this academic year.

    Raises ImportRefusedError with every fault. `first_week` moves all dates by whole weeks, so
    that the first week of the file begins on that day.
    """
    faults, warnings = ProblemList(), ProblemList()
    try:
        data = path.read_bytes()
    except OSError as error:
        faults.add(
            f"It cannot be read: {error.strerror or error}.",
            file=path.name or str(path),
        )
        raise faults.error() from error
    node = parse(data, file=path.name, faults=faults, max_bytes=MAX_BYTES)
    if node is None:
        raise faults.error()
    top = Section(node, known=_TOP, file=path.name, faults=faults)
    reader = _Reader(top, path, faults, warnings)
    content = reader.read(year, first_week)
    faults.raise_if_any()
    return CourseFile(content=content, warnings=warnings.error().problems)


class _Reader:
    def __init__(
        self, top: Section, path: Path, faults: ProblemList, warnings: ProblemList
    ) -> None:
        self._top, self._path = top, path
        self._faults, self._warnings = faults, warnings

    def read(self, year: AcademicYear, first_week: dt.date | None) -> Content:
        top = self._top
        top.require("format", "course", "weeks")
        if "format" in top:
            top.whole("format", FORMAT, lowest=FORMAT, highest=FORMAT)
        course = top.section("course", _COURSE)
        if course is None:
            raise self._faults.error()
        calendar = Calendar(zone=_zone(course), year=year)
        weeks = split_weeks(top)
        if "weeks" in top and not weeks:
            top.fault("There must be at least one week.", "weeks")
        calendar = self._shifted(calendar, weeks, first_week)
        context = Context(
            calendar=calendar,
            faults=self._faults,
            warnings=self._warnings,
            file=self._path.name,
            folder=self._path.parent,
        )
        self._fill(context, weeks)
        return self._content(course, context, weeks)

    def _shifted(
        self, calendar: Calendar, weeks: list[WeekSection], first_week: dt.date | None
    ) -> Calendar:
        """Return the calendar, moved so that the first week begins on `first_week`."""
        if not weeks or first_week is None:
            return calendar
        first = min(weeks, key=lambda week: week.number)
        starts = course_fields.day(first.section, "starts", calendar)
        if starts is None:
            return calendar
        return replace(calendar, shift=first_week - starts)

    def _fill(self, context: Context, weeks: list[WeekSection]) -> None:
        for week in weeks:
            starts = course_fields.day(week.section, "starts", context.calendar)
            if starts is not None and week.number >= 0:
                context.weeks.setdefault(week.number, starts)
            for section in week.sessions:
                key = course_fields.slug(section, "key")
                context.claim_key(section, "session", key, "key")
                context.sessions.setdefault(key, week.number)
        self._check_weeks(context, weeks)

    def _check_weeks(self, context: Context, weeks: list[WeekSection]) -> None:
        """Note weeks that do not begin on a Monday, or not after the one before.

        A first day that is not a Monday usually means that the file was written for
        another year.
        """
        calendar = replace(context.calendar, shift=dt.timedelta())
        texts = [week.section.text("starts") for week in weeks]
        for week in weeks:
            starts = course_fields.day(week.section, "starts", calendar)
            if starts is not None and starts.weekday():
                fitting = ", ".join(years_that_fit(texts, calendar.year))
                week.section.fault(
                    f"{starts.day} {starts:%B %Y} is a {starts:%A}, and a week begins on "
                    "a Monday.",
                    "starts",
                    hint=f"The weeks of this file fit {fitting}."
                    if fitting
                    else (
                        "There is no year near this one in which all weeks of this "
                        "file begin on a Monday."
                    ),
                )
        ordered = sorted(context.weeks.items())
        for (number, starts), (following, later) in pairwise(ordered):
            if later <= starts:
                section = next(w.section for w in weeks if w.number == following)
                section.fault(
                    f"Week {following} does not begin after week {number}.", "starts"
                )

    def _content(
        self, course: Section, context: Context, weeks: list[WeekSection]
    ) -> Content:
        top, reader = self._top, MaterialReader(context)
        of_course = _course(course, context)
        components = read_components(top, of_course.module_codes, context)
        rooms, teachers = _rooms(top, context), _teachers(top, context)
        lectures, recordings = _lectures(top, context)
        for number, sections in recordings.items():
            reader.read(sections, recording_of=number)
        sessions = read_sessions(weeks, context, reader)
        reader.read(top.sections("materials", MATERIAL))
        slots = read_slots(top, context)
        used = {row.room for row in slots} | {row.room for row in sessions}
        _check_rooms(rooms, used, context)
        return Content(
            course=of_course,
            components=components,
            rooms=rooms,
            teachers=teachers,
            slots=slots,
            lectures=lectures,
            weeks=read_weeks(weeks, context),
            sessions=sessions,
            materials=tuple(reader.materials),
            attachments=tuple(reader.attachments),
            coursework=read_coursework(top, components, context),
        )


# --- The course and its settings -----------------------------------------------------


def _zone(course: Section) -> zoneinfo.ZoneInfo:
    name = course.text("time_zone", DEFAULT_ZONE)
    if name not in zoneinfo.available_timezones():
        course.fault(
            f"“{name}” is not a time zone.",
            "time_zone",
            hint="Use a name such as Europe/London.",
        )
        name = DEFAULT_ZONE
    return zoneinfo.ZoneInfo(name)


def _course(section: Section, context: Context) -> CourseRow:
    section.require("title")
    first = context.weeks[min(context.weeks)] if context.weeks else None
    calendar = context.calendar
    is_moved = bool(first and calendar.shift)
    year = AcademicYear.containing(first) if first and is_moved else calendar.year
    codes = [course_fields.plain_text(code) for code in section.texts("module_codes")]
    if len(set(codes)) < len(codes):
        section.fault("A code is here twice.", "module_codes")
    released_at = course_fields.moment(section, "released", calendar)
    plain = read_plain(CourseRow, section, context)
    row = CourseRow(
        key="",
        line=section.line,
        title=course_fields.words(section, "title", longest=200),
        module_codes=tuple(codes),
        time_zone=calendar.zone.key,
        academic_year=str(year),
        summary=course_fields.words(section, "summary"),
        release_at=released_at,
        has_own_release=released_at is not None,
        **plain,
    )
    report_late_rule(section, row)
    return row


# --- Names that other rows use ------------------------------------------------------


def _rooms(top: Section, context: Context) -> tuple[RoomRow, ...]:
    rows = []
    for section in top.sections("rooms", ROOM):
        section.require("name")
        name = course_fields.words(section, "name", longest=100)
        aliases = [course_fields.plain_text(text) for text in section.texts("aliases")]
        row = RoomRow(
            key=name,
            line=section.line,
            aliases=tuple(alias for alias in aliases if alias),
            **read_plain(RoomRow, section, context),
        )
        for spelling in row.spellings if name else ():
            other = context.rooms.setdefault(spelling, name)
            if other != name or row.spellings.count(spelling) > 1:
                section.fault(f"“{spelling}” is already a name of {other}.")
        rows.append(row)
    return tuple(sorted(rows, key=lambda row: row.key))


def _check_rooms(
    rooms: Sequence[RoomRow], used: Collection[str], context: Context
) -> None:
    for room in rooms:
        if room.key not in used:
            context.warnings.add(
                f"Nothing takes place in the room “{room.key}”.",
                file=context.file,
                line=room.line,
            )


def _teachers(top: Section, context: Context) -> tuple[TeacherRow, ...]:
    for name in top.texts("teachers"):
        plain = course_fields.plain_text(name)
        if plain in context.teachers:
            top.fault(f"“{plain}” is here twice.", "teachers")
        elif len(plain) > 100:  # noqa: PLR2004  the column's length
            top.fault("A name is longer than 100 characters.", "teachers")
        elif plain:
            context.teachers.append(plain)
    return tuple(
        TeacherRow(key=name, position=position)
        for position, name in enumerate(context.teachers)
    )


def _lectures(
    top: Section, context: Context
) -> tuple[tuple[LectureRow, ...], dict[str, list[Section]]]:
    rows, recordings = [], {}
    for section in top.sections("lectures", LECTURE):
        section.require("number", "title")
        number = course_fields.words(section, "number", longest=6)
        context.claim_key(section, "lecture", number, "number")
        context.lectures.add(number)
        recordings[number] = section.sections("recordings", RECORDING)
        rows.append(
            LectureRow(
                key=number,
                line=section.line,
                examinable=read_examinable(section),
                **read_plain(LectureRow, section, context),
            )
        )
    return tuple(sorted(rows, key=lambda row: row.key)), recordings
