"""Read a course from the database as the rows of a course file."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, Final

from django.db.models import Model
from django.db.models.fields.files import FieldFile

from courses.models import Assignment, Attachment, Course, Room, SessionLecture
from formats.course.assessment import rubric_row
from formats.course.course_content import (
    AttachmentRow,
    ComponentRow,
    Content,
    CourseRow,
    CourseworkRow,
    LectureRow,
    MaterialRow,
    RoomRow,
    RubricRow,
    SessionLectureRow,
    SessionRow,
    SlotRow,
    TeacherRow,
    WeekRow,
)
from formats.course.course_fields import plain_text
from formats.course.named_files import File, sha256
from formats.course.plain_fields import load_plain, to_second
from formats.course.timetable import slot_key

_PIECE: Final = 1 << 20


@dataclass(frozen=True, kw_only=True)
class StoredCourse:
    """The content of a course, and the database's row for each of its rows."""

    content: Content
    rooms: tuple[RoomRow, ...]
    objects: dict[tuple[str, str], Any] = field(default_factory=dict)


def without_stored_course(course: CourseRow) -> StoredCourse:
    """Return the stored content of a course that does not exist yet: rooms alone."""
    reader = _StoredReader()
    return StoredCourse(
        content=Content(course=course), rooms=reader.rooms(), objects=reader.objects
    )


def read_stored(course: Course) -> StoredCourse:
    """Return the stored course, in about fifteen queries however many rows it has."""
    reader = _StoredReader()
    rooms = reader.rooms()
    content = reader.read(course, rooms)
    return StoredCourse(content=content, rooms=rooms, objects=reader.objects)


class _StoredReader:
    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Any] = {}
        # Keys of rows by their table and primary key.
        self._keys: dict[tuple[type[Model], Any], str] = {}

    def _keep(self, noun: str, key: str, row: Model) -> str:
        self.objects[noun, key] = row
        self._keys[type(row), row.pk] = key
        return key

    def _key(self, model: type[Model], pk: Any) -> str:
        return self._keys.get((model, pk), "")

    def rooms(self) -> tuple[RoomRow, ...]:
        """Return every room of the portal: courses share rooms."""
        return tuple(
            RoomRow(
                key=self._keep("room", room.name, room),
                aliases=tuple(room.aliases),
                **load_plain(RoomRow, room),
            )
            for room in Room.objects.all()
        )

    def read(self, course: Course, rooms: tuple[RoomRow, ...]) -> Content:
        """Return the content of the course.

        Rows are read before the rows that refer to them.
        """
        self.objects["course", ""] = course
        components = tuple(self._components(course))
        teachers = tuple(self._teachers(course))
        slots = tuple(self._slots(course))
        lectures = tuple(self._lectures(course))
        weeks = tuple(self._weeks(course))
        sessions = tuple(self._sessions(course))
        materials = tuple(self._materials(course))
        used = {slot.room for slot in slots} | {session.room for session in sessions}
        return Content(
            course=self._course(course),
            components=components,
            rooms=tuple(room for room in rooms if room.key in used),
            teachers=teachers,
            slots=slots,
            lectures=lectures,
            weeks=weeks,
            sessions=sessions,
            materials=materials,
            attachments=tuple(self._attachments(course)),
            coursework=tuple(self._coursework(course)),
        )

    def _course(self, course: Course) -> CourseRow:
        return CourseRow(
            key="",
            title=plain_text(course.title),
            module_codes=tuple(course.module_codes),
            time_zone=course.time_zone,
            academic_year=course.academic_year,
            summary=plain_text(course.summary),
            release_at=to_second(course.release_at),
            **load_plain(CourseRow, course),
        )

    def _components(self, course: Course) -> Iterator[ComponentRow]:
        for row in course.components.order_by("position", "title"):
            yield ComponentRow(
                key=self._keep("component", row.title, row),
                position=row.position,
                **load_plain(ComponentRow, row),
            )

    def _teachers(self, course: Course) -> Iterator[TeacherRow]:
        for row in course.teachers.order_by("position", "name"):
            yield TeacherRow(
                key=self._keep("teacher", row.name, row), position=row.position
            )

    def _slots(self, course: Course) -> Iterator[SlotRow]:
        for row in course.slots.order_by("weekday", "starts"):
            yield SlotRow(
                key=self._keep("slot", slot_key(row.weekday, row.starts), row),
                weekday=row.weekday,
                starts=row.starts.replace(microsecond=0),
                ends=row.ends.replace(microsecond=0),
                room=self._key(Room, row.room_id),
                **load_plain(SlotRow, row),
            )

    def _lectures(self, course: Course) -> Iterator[LectureRow]:
        for row in sorted(course.lectures.all(), key=lambda row: row.number):
            yield LectureRow(
                key=self._keep("lecture", row.number, row),
                examinable=row.examinable,
                **load_plain(LectureRow, row),
            )

    def _weeks(self, course: Course) -> Iterator[WeekRow]:
        for row in course.weeks.order_by("number"):
            yield WeekRow(
                key=self._keep("week", str(row.number), row),
                number=row.number,
                starts_on=row.starts_on,
                release_at=to_second(row.release_at),
                **load_plain(WeekRow, row),
            )

    # --- Sessions ---------------------------------------------------------------

    def _sessions(self, course: Course) -> Iterator[SessionRow]:
        places = self._places(course)
        sessions = course.sessions.select_related("week").prefetch_related("teachers")
        ordered = sorted(
            sessions,
            key=lambda row: (
                row.week.number,
                row.position,
                row.starts_at is None,
                row.starts_at or row.pk,
                row.pk,
            ),
        )
        for row in ordered:
            yield SessionRow(
                key=self._keep("session", row.key, row),
                week=row.week.number,
                starts_at=to_second(row.starts_at),
                ends_at=to_second(row.ends_at),
                room=self._key(Room, row.room_id),
                teachers=tuple(teacher.name for teacher in row.teachers.all()),
                lectures=tuple(places[row.pk]),
                cancelled=row.is_cancelled,
                cancel_reason=plain_text(row.cancel_reason) if row.is_cancelled else "",
                position=row.position,
                release_at=to_second(row.release_at),
                **load_plain(SessionRow, row),
            )

    def _places(self, course: Course) -> dict[int, list[SessionLectureRow]]:
        found: dict[int, list[SessionLectureRow]] = defaultdict(list)
        rows = SessionLecture.objects.filter(session__course=course)
        for row in rows.order_by("position", "lecture__number").select_related(
            "lecture"
        ):
            found[row.session_id].append(
                SessionLectureRow(
                    lecture=row.lecture.number,
                    part=plain_text(row.part),
                    watch_before=row.watch_before,
                )
            )
        return found

    # --- Materials --------------------------------------------------------------

    def _materials(self, course: Course) -> Iterator[MaterialRow]:
        rows = course.materials.select_related(
            "week", "session", "lecture"
        ).prefetch_related("also_in")
        for row in rows.order_by("position", "code", "title", "pk"):
            also_in = {week.number for week in row.also_in.all()}
            week = row.week.number if row.week else None
            yield MaterialRow(
                key=self._keep("material", row.key, row),
                kind=row.kind,
                week=week,
                session=row.session.key if row.session else "",
                lecture=row.lecture.number if row.lecture else "",
                also_in=tuple(sorted(also_in - {week})),
                file=stored_file(row.file),
                examinable=row.examinable,
                position=row.position,
                release_at=to_second(row.release_at),
                **load_plain(MaterialRow, row),
            )

    def _attachments(self, course: Course) -> Iterator[AttachmentRow]:
        rows = Attachment.objects.filter(material__course=course)
        for row in rows.order_by("position", "label").select_related("material"):
            key = f"{row.material.key}/{row.label}"
            yield AttachmentRow(
                key=self._keep("attachment", key, row),
                material=row.material.key,
                label=row.label,
                file=stored_file(row.file),
                position=row.position,
                release_at=to_second(row.release_at),
                **load_plain(AttachmentRow, row),
            )

    def _coursework(self, course: Course) -> Iterator[CourseworkRow]:
        rows = course.assignments.select_related(
            "week", "component", "revision"
        ).prefetch_related("revision__questions__rubric__groups__items")
        for row in rows.order_by("due_at", "title", "slug"):
            yield CourseworkRow(
                key=self._keep("coursework", row.slug, row),
                week=row.week.number if row.week else None,
                due_at=row.due_at.replace(microsecond=0),
                component=row.component.title if row.component else "",
                attempts=row.max_attempts,
                release_at=to_second(row.release_at),
                rubrics=tuple(self._rubrics(row)),
                **load_plain(CourseworkRow, row),
            )

    def _rubrics(self, assignment: Assignment) -> Iterator[RubricRow]:
        """Yield the rubrics of the published revision."""
        if assignment.revision is None:
            return
        for question in assignment.revision.questions.all():
            if question.rubric is not None:
                row = rubric_row(
                    assignment.slug, question.key, question.rubric.definition()
                )
                self._keep("rubric", row.key, question.rubric)
                yield row


def stored_file(stored: FieldFile) -> File | None:
    """Return the row's file. A file that the storage has lost has no hash."""
    if not stored:
        return None
    name = stored.name or ""
    storage = stored.storage
    try:
        with closing(storage.open(name)) as content:
            digest = sha256(_pieces(content))
    except OSError:
        digest = ""
    return File(
        sha256=digest,
        suffix=PurePath(name).suffix,
        name=name,
        open=lambda: closing(storage.open(name)),
    )


def _pieces(content: Any) -> Iterable[bytes]:
    return iter(lambda: content.read(_PIECE), b"")
