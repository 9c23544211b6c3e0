"""Write a course as a course file. The same course always gives the same bytes."""

import datetime as dt
import shutil
import zoneinfo
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.utils.text import slugify

from formats.assignment.rubric import rubric_document
from formats.course.assessment import COMPONENT, COURSEWORK
from formats.course.course_content import (
    AttachmentRow,
    Content,
    CourseworkRow,
    MaterialList,
    MaterialRow,
    Released,
    Row,
    SessionLectureRow,
    SessionRow,
    SlotRow,
    WeekRow,
    material_list_of,
)
from formats.course.course_reader import FORMAT, LECTURE, ROOM
from formats.course.dates import (
    WEEK,
    WEEKDAYS,
    AcademicYear,
    Calendar,
    DateError,
    time_text,
)
from formats.course.materials import ATTACHMENT, MATERIAL
from formats.course.named_files import File
from formats.course.plain_fields import entry_of, without_zeros
from formats.course.timetable import SESSION, SLOT
from formats.course.timetable import WEEK as WEEK_NAMES
from formats.course.yaml_writer import Value, dump

NAME: Final = "course.yaml"
FILES: Final = "files"
Entry = dict[str, Value]


@dataclass(frozen=True, kw_only=True)
class ExportedCourse:
    """The file that was written, and the files that the portal has lost."""

    path: Path
    files: int
    lost: tuple[str, ...] = ()


def content_calendar(content: Content) -> Calendar:
    """Return the calendar in which the course's days are written."""
    try:
        year = AcademicYear.parse(content.course.academic_year)
    except DateError:
        year = AcademicYear(int(content.course.academic_year[:4]))
    return Calendar(zone=zoneinfo.ZoneInfo(content.course.time_zone), year=year)


def default_release(content: Content) -> dt.datetime:
    """Return the release time of a row for which the file gives none.

    It is the course's own release time or, if the course has none yet, the start of its
    academic year.
    """
    calendar = content_calendar(content)
    return content.course.release_at or calendar.at(
        calendar.year.starts_on, dt.time(12)
    )


def write_course(content: Content, folder: Path) -> ExportedCourse:
    """Write course.yaml, and every file that it names, into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    writer = _Writer(content)
    path = folder / NAME
    text = writer.text()
    for name, file in writer.files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        with file.open() as source, target.open("wb") as out:
            shutil.copyfileobj(source, out)
    path.write_text(text, encoding="utf-8", newline="\n")
    return ExportedCourse(path=path, files=len(writer.files), lost=tuple(writer.lost))


class _Writer:
    def __init__(self, content: Content) -> None:
        self._content = content
        self._calendar = content_calendar(content)
        self._out_with_course = default_release(content)
        self._week_of = {row.key: row.week for row in content.sessions}
        self._material_lists: dict[MaterialList, list[MaterialRow]] = defaultdict(list)
        for row in content.materials:
            self._material_lists[material_list_of(row, self._week_of)].append(row)
        self._attached: dict[str, list[AttachmentRow]] = defaultdict(list)
        for attachment in content.attachments:
            self._attached[attachment.material].append(attachment)
        # Files named in course.yaml, by their path relative to it.
        self.files: dict[str, File] = {}
        self.lost: list[str] = []

    def text(self) -> str:
        """Return the text of the whole file, and fill `files` and `lost`."""
        content = self._content
        document: Entry = {
            "format": FORMAT,
            "course": self._course(),
            "components": [
                self._plain(row, COMPONENT, title=row.key) for row in content.components
            ],
            "rooms": [
                self._plain(row, ROOM, name=row.key, aliases=row.aliases)
                for row in content.rooms
            ],
            "teachers": [row.key for row in content.teachers],
            "slots": [self._slot(row) for row in content.slots],
            "lectures": [
                self._plain(
                    row,
                    LECTURE,
                    number=row.key,
                    examinable=row.examinable,
                    recordings=self._list("lecture", row.key),
                )
                for row in content.lectures
            ],
            "weeks": [self._week(row) for row in content.weeks],
            "materials": self._list("course", ""),
            "coursework": [self._coursework_entry(row) for row in content.coursework],
        }
        kept = {key: value for key, value in document.items() if value != []}
        return dump(kept, spaced="weeks")

    def _course(self) -> Entry:
        row = self._content.course
        released = row.release_at
        return _entry(
            title=row.title,
            module_codes=row.module_codes,
            time_zone=row.time_zone,
            released=self._moment(released),
            summary=row.summary,
            **entry_of(row, self._calendar),
        )

    def _moment(self, moment: dt.datetime | None) -> str:
        return self._calendar.moment_text(moment) if moment else ""

    def _release(self, row: Released, key: str = "released") -> Entry:
        """Return the release fields: none for a row released with its course."""
        if row.release_at is None:
            return {"hidden": True}
        if row.release_at <= self._out_with_course:
            return {}
        return {key: self._moment(row.release_at)}

    # --- Weeks ------------------------------------------------------------------

    def _week(self, row: WeekRow) -> Entry:
        sessions = [
            self._session(session, row)
            for session in self._content.sessions
            if session.week == row.number
        ]
        return self._plain(
            row,
            WEEK_NAMES,
            number=row.number,
            starts=self._calendar.day_text(row.starts_on),
            sessions=sessions,
            materials=self._list("week", row.key),
            **self._release(row),
        )

    def _session(self, row: SessionRow, week: WeekRow) -> Entry:
        return self._plain(
            row,
            SESSION,
            key=row.key,
            room=row.room,
            teachers=row.teachers,
            lectures=[_place(place) for place in row.lectures],
            cancelled=row.cancelled,
            cancel_reason=row.cancel_reason,
            materials=self._list("session", row.key),
            **self._times(row, week),
            **self._release(row),
        )

    def _times(self, row: SessionRow, week: WeekRow) -> Entry:
        if row.starts_at is None or row.ends_at is None:
            return {}
        starts = self._calendar.local(row.starts_at)
        ends = self._calendar.local(row.ends_at)
        is_inside = week.starts_on <= starts.date() < week.starts_on + WEEK
        shows_end = ends.date() == starts.date()
        on = starts.date()
        return _entry(
            day=WEEKDAYS[on.weekday()] if is_inside else "",
            date="" if is_inside else self._calendar.day_text(on),
            **{"from": self._calendar.hour_text(starts)},
            to=self._calendar.hour_text(ends) if shows_end else "",
            until="" if shows_end else self._moment(row.ends_at),
        )

    # --- Materials --------------------------------------------------------------

    def _list(self, kind: str, key: str) -> list[Value]:
        return [self._material(row, kind) for row in self._material_lists[kind, key]]

    def _material(self, row: MaterialRow, where: str) -> Entry:
        return self._plain(
            row,
            MATERIAL,
            key=row.key,
            kind="" if where == "lecture" else row.kind,
            file=self._file(row.file, row.key),
            examinable=row.examinable,
            session="" if where == "session" else row.session,
            lecture="" if where == "lecture" else row.lecture,
            also_in=row.also_in,
            attachments=[
                self._attachment(attachment) for attachment in self._attached[row.key]
            ],
            **self._release(row),
        )

    def _attachment(self, row: AttachmentRow) -> Entry:
        name = f"{row.material}/{slugify(row.label) or 'file'}"
        return self._plain(
            row,
            ATTACHMENT,
            label=row.label,
            file=self._file(row.file, name),
            **self._release(row),
        )

    def _file(self, file: File | None, name: str) -> str:
        """Return the path of the file, named after its row.

        The name that the file had when it was uploaded is not kept.
        """
        if file is None:
            return ""
        if not file.sha256:
            self.lost.append(file.name)
            return ""
        path = next(
            path
            for path in _paths(f"{FILES}/{name}", file.suffix)
            if path not in self.files
        )
        self.files[path] = file
        return path

    def _coursework_entry(self, row: CourseworkRow) -> Entry:
        return self._plain(
            row,
            COURSEWORK,
            slug=row.key,
            week=row.week,
            due=self._moment(row.due_at),
            component=row.component,
            attempts=row.attempts,
            rubrics={
                rubric.question: rubric_document(rubric.items, number=without_zeros)
                for rubric in row.rubrics
                if rubric.items.groups
            },
            **self._release(row, "handed_out"),
        )

    def _slot(self, row: SlotRow) -> Entry:
        times: Entry = {"from": time_text(row.starts), "to": time_text(row.ends)}
        return self._plain(row, SLOT, day=WEEKDAYS[row.weekday], room=row.room, **times)

    def _plain(self, row: Row, names: Sequence[str], **others: Value | None) -> Entry:
        """Return the row's plain fields with the other values, in the file's order."""
        values = {**entry_of(row, self._calendar), **others}
        return _entry(**{name: values[name] for name in names if name in values})


def _paths(stem: str, suffix: str) -> Iterator[str]:
    yield f"{stem}{suffix}"
    number = 2
    while True:
        yield f"{stem}-{number}{suffix}"
        number += 1


def _entry(**values: Value | None) -> Entry:
    """Leave out values that are empty, missing or false. Zero is a value."""
    return {
        key: _listed(value)
        for key, value in values.items()
        if value or (value == 0 and value is not False)
    }


def _listed(value: Value) -> Value:
    return list(value) if isinstance(value, tuple) else value


def _place(place: SessionLectureRow) -> Entry:
    return _entry(
        number=place.lecture, part=place.part, watch_before=place.watch_before
    )
