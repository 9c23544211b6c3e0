"""Write a plan to the database. Call it inside a transaction."""

from collections.abc import Callable
from pathlib import PurePath
from typing import Any, Final, cast

from django.core.files import File as DjangoFile
from django.db.models import Model, ProtectedError
from django.db.models.fields.files import FieldFile
from django.utils import timezone

from courses.course_file.plan import Change, Plan
from courses.models import (
    Assignment,
    Attachment,
    Component,
    Course,
    Lecture,
    Material,
    Room,
    Session,
    SessionLecture,
    Slot,
    Teacher,
    Week,
)
from formats.course.course_content import (
    AttachmentRow,
    ComponentRow,
    CourseRow,
    CourseworkRow,
    LectureRow,
    MaterialRow,
    RoomRow,
    Row,
    SessionRow,
    SlotRow,
    TeacherRow,
    WeekRow,
)
from formats.course.plain_fields import columns_of
from formats.problems import ImportRefusedError, Problem

ColumnValues = dict[str, Any]


class Applier:
    """Writes the rows of a plan to the database."""

    def __init__(self, plan: Plan, slug: str) -> None:
        self._plan, self._slug = plan, slug
        self._objects = dict(plan.stored.objects)
        self._is_new = ("course", "") not in self._objects
        # Files stored by this object. If the import fails, the caller removes them.
        self.stored_files: list[FieldFile] = []

    def apply(self) -> Course:
        """Write the plan to the database and return its course.

        Raises ImportRefusedError if a row cannot be deleted.
        """
        by_row = {id(c.row): c for c in (*self._plan.added, *self._plan.changed)}
        for row in self._plan.wanted.rows():
            change = by_row.get(id(row))
            # Rubrics are edited afterwards, by the app that knows who was marked.
            if change is not None and row.NOUN in WRITERS:
                self._write(change)
        for change in self._plan.deleted:
            self._delete(change)
        return cast("Course", self._objects["course", ""])

    def find(self, row: Row) -> Any:
        """Return the database's row for a row of the file, or None."""
        return self._objects.get((row.NOUN, row.key))

    def _get(self, noun: str, key: str | int | None) -> Any:
        return self._objects.get((noun, str(key))) if key not in {None, ""} else None

    def _write(self, change: Change) -> None:
        row = change.row
        model, values = WRITERS[row.NOUN]
        found: Any = self._objects.get((row.NOUN, row.key))
        if found is None:
            found = model(**self._owner(row))
            self._objects[row.NOUN, row.key] = found
        for name, value in {**columns_of(row), **values(self, row)}.items():
            setattr(found, name, value)
        self._write_file(found, change)
        if isinstance(found, Material) and self._is_news(change):
            found.replaced_at = timezone.now()
        found.save()
        if isinstance(row, SessionRow):
            self._write_places(found, change, row)
        elif isinstance(row, MaterialRow):
            found.also_in.set([self._get("week", number) for number in row.also_in])

    def _is_news(self, change: Change) -> bool:
        """Return whether the change is new to students of an existing course."""
        if change.before is None:
            return not self._is_new
        return bool(change.differs("file", "body", "url"))

    def _owner(self, row: Row) -> ColumnValues:
        """Return the fields that say where a new row belongs and how it is named."""
        course = self._objects.get(("course", ""))
        names: dict[str, ColumnValues] = {
            "course": {"slug": self._slug},
            "room": {"name": row.key},
            "component": {"course": course, "title": row.key},
            "teacher": {"course": course, "name": row.key},
            "lecture": {"course": course, "number": row.key},
            "session": {"course": course, "key": row.key},
            "material": {"course": course, "key": row.key},
            "coursework": {"course": course, "slug": row.key},
            "attachment": {},
        }
        return names.get(row.NOUN, {"course": course})

    def _write_file(self, found: Any, change: Change) -> None:
        """Store the row's file if its content is new.

        The old file is not deleted: a copy of the row may use it.
        """
        row = change.row
        is_same = change.before is not None and not change.differs("file")
        if not isinstance(row, MaterialRow | AttachmentRow) or is_same:
            return
        if row.file is None:
            found.file = ""
            return
        name = f"{PurePath(row.file.name).stem or row.key}{row.file.suffix}"
        with row.file.open() as content:
            found.file.save(name, DjangoFile(content), save=False)
        self.stored_files.append(found.file)

    def _write_places(self, session: Session, change: Change, row: SessionRow) -> None:
        if change.before is None or change.differs("teachers"):
            session.teachers.set([self._get("teacher", name) for name in row.teachers])
        if change.before is None or change.differs("lectures"):
            session.lecture_places.all().delete()
            SessionLecture.objects.bulk_create(
                SessionLecture(
                    session=session,
                    lecture=self._get("lecture", place.lecture),
                    part=place.part,
                    watch_before=place.watch_before,
                    position=position,
                )
                for position, place in enumerate(row.lectures)
            )

    def _delete(self, change: Change) -> None:
        found = self._objects.pop((change.row.NOUN, change.row.key))
        try:
            found.delete()
        except ProtectedError as error:
            message = f"{change.name} cannot be deleted: people's work belongs to it."
            hint = "Leave out --prune, or hide it in the admin."
            raise ImportRefusedError((Problem(message=message, hint=hint),)) from error

    # --- The columns of each kind of row -----------------------------------------

    def course_columns(self, row: CourseRow) -> ColumnValues:
        return {
            "title": row.title,
            "module_codes": list(row.module_codes),
            "time_zone": row.time_zone,
            "academic_year": row.academic_year,
            "summary": row.summary,
            "release_at": row.release_at,
        }

    def component_columns(self, row: ComponentRow) -> ColumnValues:
        return {"position": row.position}

    def room_columns(self, row: RoomRow) -> ColumnValues:
        return {"aliases": list(row.aliases)}

    def teacher_columns(self, row: TeacherRow) -> ColumnValues:
        return {"position": row.position}

    def slot_columns(self, row: SlotRow) -> ColumnValues:
        return {
            "weekday": row.weekday,
            "starts": row.starts,
            "ends": row.ends,
            "room": self._get("room", row.room),
        }

    def lecture_columns(self, row: LectureRow) -> ColumnValues:
        return {"examinable": row.examinable}

    def week_columns(self, row: WeekRow) -> ColumnValues:
        return {
            "number": row.number,
            "starts_on": row.starts_on,
            "release_at": row.release_at,
        }

    def session_columns(self, row: SessionRow) -> ColumnValues:
        before = self.find(row)
        cancelled_at = before.cancelled_at if before else None
        return {
            "week": self._get("week", row.week),
            "starts_at": row.starts_at,
            "ends_at": row.ends_at,
            "room": self._get("room", row.room),
            "cancelled_at": (cancelled_at or timezone.now()) if row.cancelled else None,
            "cancel_reason": row.cancel_reason,
            "position": row.position,
            "release_at": row.release_at,
        }

    def material_columns(self, row: MaterialRow) -> ColumnValues:
        return {
            "kind": row.kind,
            "week": self._get("week", row.week),
            "session": self._get("session", row.session),
            "lecture": self._get("lecture", row.lecture),
            "examinable": row.examinable,
            "position": row.position,
            "release_at": row.release_at,
        }

    def attachment_columns(self, row: AttachmentRow) -> ColumnValues:
        return {
            "material": self._get("material", row.material),
            "label": row.label,
            "position": row.position,
            "release_at": row.release_at,
        }

    def coursework_columns(self, row: CourseworkRow) -> ColumnValues:
        return {
            "week": self._get("week", row.week),
            "due_at": row.due_at,
            "component": self._get("component", row.component),
            "max_attempts": row.attempts,
            "release_at": row.release_at,
        }


Writer = Callable[[Applier, Any], ColumnValues]
WRITERS: Final[dict[str, tuple[type[Model], Writer]]] = {
    "course": (Course, Applier.course_columns),
    "component": (Component, Applier.component_columns),
    "room": (Room, Applier.room_columns),
    "teacher": (Teacher, Applier.teacher_columns),
    "slot": (Slot, Applier.slot_columns),
    "lecture": (Lecture, Applier.lecture_columns),
    "week": (Week, Applier.week_columns),
    "session": (Session, Applier.session_columns),
    "material": (Material, Applier.material_columns),
    "attachment": (Attachment, Applier.attachment_columns),
    "coursework": (Assignment, Applier.coursework_columns),
}
