"""The contents of a course file as rows, the same from a file and from the database.

Rows refer to each other by their natural keys. A field that is not compared says how
the row was read, not what it contains.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import ClassVar

from formats.assignment.rubric import Rubric
from formats.choices import (
    ComponentKind,
    Counting,
    LateMode,
    LateUnit,
    MaterialAccess,
    SessionKind,
    Split,
)
from formats.course.course_fields import spelling
from formats.course.named_files import File
from formats.course.plain_fields import (
    RELEASE,
    choice,
    flag,
    letter_scale,
    link,
    moment,
    number_or_none,
    optional_choice,
    percent,
    percent_or,
    points,
    questions,
    special,
    text,
    whole,
    whole_or_none,
)
from formats.declaration import LONGEST_STATEMENT


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
    has_own_release: bool = field(default=True, compare=False)


@dataclass(frozen=True, kw_only=True)
class CourseRow(Released):
    NOUN = "course"

    title: str
    module_codes: tuple[str, ...] = ()
    time_zone: str = "Europe/London"
    academic_year: str = ""
    summary: str = ""
    late_mode: str = choice(LateMode, LateMode.NONE, is_named=False)
    late_unit: str = choice(LateUnit, LateUnit.DAY, is_named=False)
    late_step: Decimal | None = number_or_none(highest=9_999)
    late_floor: Decimal | None = number_or_none(highest=100)
    late_maximum: Decimal | None = number_or_none(highest=100)
    late_zero_after: int | None = whole_or_none(highest=32_767)
    late_days_limit: int | None = whole_or_none(highest=32_767)
    late_days: int = whole(highest=32_767)
    pass_mark: Decimal = percent_or(Decimal(40))
    letter_scale: str = letter_scale()
    total_decimals: int = whole(highest=2, default=1)
    examiners_see_codes: bool = flag()
    quota_mb: int | None = whole_or_none(highest=2_147_483_647)
    weights_days: int | None = whole_or_none(highest=32_767)


@dataclass(frozen=True, kw_only=True)
class ComponentRow(Row):
    NOUN = "component"

    kind: str = choice(ComponentKind, ComponentKind.OTHER)
    weight: Decimal = percent(column="weight_percent")
    split: str = choice(Split, Split.WEIGHT, is_named=False)
    drop_lowest: int = whole(highest=100)
    best_count: int | None = whole_or_none(highest=100)
    required_percent: Decimal | None = number_or_none(highest=100)
    is_extra_credit: bool = flag()
    module_code: str = text(longest=20)
    note: str = text()
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class RoomRow(Row):
    """A room, shared by all courses: a file adds to it and removes nothing."""

    NOUN = "room"

    aliases: tuple[str, ...] = special("aliases", default=())
    url: str = link()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling of the room, in the form for comparison."""
        return tuple(spelling(name) for name in (self.key, *self.aliases))


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
    kind: str = choice(SessionKind, SessionKind.LECTURE)
    room: str = special("room", default="")
    online: str = text(longest=60, column="online_label")
    online_url: str = link()


@dataclass(frozen=True, kw_only=True)
class LectureRow(Row):
    NOUN = "lecture"

    title: str = text(longest=200)
    examinable: str = special("examinable", default="")


@dataclass(frozen=True, kw_only=True)
class WeekRow(Released):
    NOUN = "week"

    number: int
    starts_on: dt.date
    title: str = text(longest=200, then=RELEASE)
    summary: str = text()


@dataclass(frozen=True, kw_only=True)
class SessionLectureRow:
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
    kind: str = choice(SessionKind, SessionKind.LECTURE)
    title: str = text(longest=200)
    starts_at: dt.datetime | None = special("day", "date", "from", default=None)
    ends_at: dt.datetime | None = special("to", "until", default=None)
    room: str = special("room", default="")
    online: str = text(longest=60, column="online_label")
    online_url: str = link()
    queue: str = text(longest=60, column="queue_label")
    queue_url: str = link()
    teachers: tuple[str, ...] = special("teachers", default=())
    team: bool = flag(column="by_team")
    lectures: tuple[SessionLectureRow, ...] = special("lectures", default=())
    cancelled: bool = special("cancelled", default=False)
    cancel_reason: str = special("cancel_reason", default="")
    moved_from: dt.datetime | None = moment(then=RELEASE)
    note: str = text()
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class MaterialRow(Released):
    NOUN = "material"

    kind: str = special()
    code: str = text(longest=12)
    title: str = text(longest=200)
    attribution: str = text(longest=200)
    url: str = link()
    file: File | None = special("file", default=None)
    access: str = choice(MaterialAccess, MaterialAccess.PUBLIC, is_named=False)
    examinable: str = special("examinable", default="")
    opens_at: dt.datetime | None = moment("opens", then=RELEASE)
    week: int | None = None
    session: str = special("session", default="")
    lecture: str = special("lecture", default="")
    also_in: tuple[int, ...] = special("also_in", default=())
    description: str = text()
    body: str = text()
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class AttachmentRow(Released):
    NOUN = "attachment"

    material: str
    label: str = special()
    url: str = link()
    file: File | None = special("file", *RELEASE, default=None)
    position: int = 0


@dataclass(frozen=True, kw_only=True)
class RubricRow(Row):
    """The rubric of a question that people mark. Its key names coursework and question.

    A file changes rubrics that are there: they belong to questions of revisions, which
    a course file does not have.
    """

    NOUN = "rubric"

    question: str
    items: Rubric


@dataclass(frozen=True, kw_only=True)
class CourseworkRow(Released):
    NOUN = "coursework"

    title: str = text(longest=200)
    week: int | None = special("week", "handed_out", "hidden", default=None)
    due_at: dt.datetime = special("due")
    grace_minutes: int = whole(highest=32_767)
    closes_at: dt.datetime | None = moment("closes")
    late_mode: str = optional_choice(LateMode)
    late_unit: str = choice(LateUnit, LateUnit.DAY, is_named=False)
    late_step: Decimal | None = number_or_none(highest=9_999)
    late_floor: Decimal | None = number_or_none(highest=100)
    late_maximum: Decimal | None = number_or_none(highest=100)
    late_zero_after: int | None = whole_or_none(highest=32_767)
    late_days_limit: int | None = whole_or_none(highest=32_767)
    pass_mark: Decimal | None = number_or_none(highest=100)
    component: str = special("component", default="")
    weight: Decimal = percent(column="weight_percent", is_named=False)
    is_extra_credit: bool = flag()
    marks_out_of: Decimal | None = number_or_none(lowest=1, highest=99_999)
    upload_minutes: int = whole(highest=24 * 60, default=30)
    attempts: int | None = special("attempts", default=None)
    cooldown_minutes: int = whole(highest=7 * 24 * 60)
    cpu_budget_seconds: int | None = whole_or_none(highest=2_147_483_647)
    gpu_budget_seconds: int | None = whole_or_none(highest=2_147_483_647)
    self_check_limit: int = whole(highest=100)
    self_check_minutes: int = whole(highest=7 * 24 * 60, default=30, lowest=1)
    counting: str = choice(Counting, Counting.LATEST, is_named=False)
    declaration: str = text(longest=LONGEST_STATEMENT)
    declaration_questions: str = questions()
    marking_is_anonymous: bool = flag()
    markers_see_own_only: bool = flag()
    agreed_above: Decimal = points(highest=99_999)
    regrades_until: dt.datetime | None = moment()
    regrade_limit: int = whole(highest=100, default=3)
    # Rows of their own, so no difference of the coursework itself.
    rubrics: tuple[RubricRow, ...] = special("rubrics", default=(), compare=False)
    summary: str = text()


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
            self.rubrics,
        )

    @property
    def rubrics(self) -> tuple[RubricRow, ...]:
        """The rubrics of all coursework."""
        return tuple(rubric for row in self.coursework for rubric in row.rubrics)


MaterialList = tuple[str, str]


def material_list_of(material: MaterialRow, week_of: dict[str, int]) -> MaterialList:
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
