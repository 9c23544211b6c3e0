"""The contents of a course file as rows, the same from a file and from the database.

Rows refer to each other by their natural keys. A field that is not compared says how
the row was read, not what it contains.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import IO, ClassVar

Opener = Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(frozen=True, kw_only=True)
class File:
    """The content of a file. `name` is where it was found."""

    sha256: str
    suffix: str
    name: str = field(compare=False)
    open: Opener = field(compare=False, repr=False)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A part of a course, with a key that does not change."""

    NOUN: ClassVar[str] = ""
    key: str
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True)
class Released(Row):
    """A row that students see from some time on.

    If a file gives no release, a stored row keeps its own, and a new row is released
    with its course.
    """

    release_at: dt.datetime | None = None
    says_release: bool = field(default=True, compare=False)


@dataclass(frozen=True, kw_only=True)
class CourseRow(Released):
    NOUN = "course"

    title: str
    module_codes: tuple[str, ...] = ()
    time_zone: str = "Europe/London"
    academic_year: str = ""
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class ComponentRow(Row):
    NOUN = "component"

    kind: str
    weight: Decimal = Decimal(0)
    note: str = ""
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class RoomRow(Row):
    """A room, shared by all courses: a file adds to it and removes nothing."""

    NOUN = "room"

    aliases: tuple[str, ...] = ()
    url: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling of the room, in the form for comparison."""
        return tuple(spelling(name) for name in (self.key, *self.aliases))


def spelling(name: str) -> str:
    """Return a room's name in the form for comparison: without case or extra spaces."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, kw_only=True)
class TeacherRow(Row):
    NOUN = "teacher"

    position: int = 0


@dataclass(frozen=True, kw_only=True)
class SlotRow(Row):
    NOUN = "slot"

    weekday: int
    starts: dt.time
    ends: dt.time
    kind: str
    room: str = ""
    online: str = ""
    online_url: str = ""


@dataclass(frozen=True, kw_only=True)
class LectureRow(Row):
    NOUN = "lecture"

    title: str
    examinable: str = ""


@dataclass(frozen=True, kw_only=True)
class WeekRow(Released):
    NOUN = "week"

    number: int
    starts_on: dt.date
    title: str = ""
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A lecture in a session."""

    lecture: str
    part: str = ""
    watch_before: bool = False

    def __str__(self) -> str:
        marks = [self.part, "watch before" if self.watch_before else ""]
        said = ", ".join(mark for mark in marks if mark)
        return f"{self.lecture} ({said})" if said else self.lecture


@dataclass(frozen=True, kw_only=True)
class SessionRow(Released):
    NOUN = "session"

    week: int
    kind: str
    title: str = ""
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None
    room: str = ""
    online: str = ""
    online_url: str = ""
    queue: str = ""
    queue_url: str = ""
    teachers: tuple[str, ...] = ()
    team: bool = False
    lectures: tuple[Place, ...] = ()
    note: str = ""
    cancelled: bool = False
    cancel_reason: str = ""
    moved_from: dt.datetime | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class MaterialRow(Released):
    NOUN = "material"

    kind: str
    title: str
    code: str = ""
    week: int | None = None
    session: str = ""
    lecture: str = ""
    also_in: tuple[int, ...] = ()
    description: str = ""
    body: str = ""
    attribution: str = ""
    url: str = ""
    file: File | None = None
    access: str = "public"
    examinable: str = ""
    opens_at: dt.datetime | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class AttachmentRow(Released):
    NOUN = "attachment"

    material: str
    label: str
    url: str = ""
    file: File | None = None
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class CourseworkRow(Released):
    NOUN = "coursework"

    title: str
    due_at: dt.datetime
    week: int | None = None
    summary: str = ""
    grace_minutes: int = 0
    closes_at: dt.datetime | None = None
    component: str = ""
    weight: Decimal = Decimal(0)
    attempts: int | None = None
    counting: str = "latest"


@dataclass(frozen=True, kw_only=True)
class Content:
    """Everything in a course file, in the order of the file."""

    course: CourseRow
    components: tuple[ComponentRow, ...] = ()
    rooms: tuple[RoomRow, ...] = ()
    teachers: tuple[TeacherRow, ...] = ()
    slots: tuple[SlotRow, ...] = ()
    lectures: tuple[LectureRow, ...] = ()
    weeks: tuple[WeekRow, ...] = ()
    sessions: tuple[SessionRow, ...] = ()
    materials: tuple[MaterialRow, ...] = ()
    attachments: tuple[AttachmentRow, ...] = ()
    coursework: tuple[CourseworkRow, ...] = ()

    def rows(self) -> Iterator[Row]:
        """Yield every row. Rows come before the rows that refer to them."""
        return chain(
            (self.course,),
            self.components,
            self.rooms,
            self.teachers,
            self.slots,
            self.lectures,
            self.weeks,
            self.sessions,
            self.materials,
            self.attachments,
            self.coursework,
        )


Shelf = tuple[str, str]


def shelf_of(material: MaterialRow, week_of: dict[str, int]) -> Shelf:
    """Return the list of the file in which the material stands.

    `week_of` gives the week of each session, by key.
    """
    if material.session and week_of.get(material.session) == material.week:
        return ("session", material.session)
    if material.week is not None:
        return ("week", str(material.week))
    if material.lecture and material.kind == "recording" and not material.session:
        return ("lecture", material.lecture)
    return ("course", "")
