"""Copying a course's timetable and materials into another course."""

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from django.db import models

from courses.models import (
    Attachment,
    Component,
    Course,
    Lecture,
    Material,
    Session,
    SessionLecture,
    Slot,
    Teacher,
    Week,
)
from courses.row_copies import unsaved_copy
from courses.wall_clock import later_by_days

RowT = TypeVar("RowT", bound=models.Model)
Changes = dict[str, Any]


class ContentCopy:
    """Copies one course's content into another. Call `copy()` once.

    Afterwards each mapping leads from the primary key of a row to its copy.
    """

    weeks: Mapping[int, Week]
    teachers: Mapping[int, Teacher]
    lectures: Mapping[int, Lecture]
    sessions: Mapping[int, Session]
    materials: Mapping[int, Material]
    components: Mapping[int, Component]

    def __init__(self, *, source: Course, target: Course, days: int) -> None:
        self.source, self.target, self.days = source, target, days

    def copy(self) -> None:
        """Copy the source's content into the target, with all dates later by `days`."""
        course = self.target
        self.weeks = copy_rows(self.source.weeks.all(), self._week)
        self.teachers = copy_rows(
            self.source.teachers.all(), lambda row: {"course": course}
        )
        self.lectures = copy_rows(
            self.source.lectures.all(), lambda row: {"course": course}
        )
        self.components = copy_rows(
            self.source.components.all(), lambda row: {"course": course}
        )
        copy_rows(
            Slot.objects.filter(course=self.source), lambda row: {"course": course}
        )
        self.sessions = copy_rows(self.source.sessions.all(), self._session)
        self.materials = copy_rows(self.source.materials.all(), self._material)
        self._copy_places()
        copy_rows(
            Attachment.objects.filter(material__course=self.source), self._attachment
        )

    def shifted(self, moment: dt.datetime | None) -> dt.datetime | None:
        """Return the moment later by `days`, at the same time by the clocks."""
        return moment and later_by_days(moment, self.days, self.source.tz)

    def _week(self, row: Week) -> Changes:
        return {
            "course": self.target,
            "starts_on": row.starts_on + dt.timedelta(days=self.days),
            "release_at": self.shifted(row.release_at),
        }

    def _session(self, row: Session) -> Changes:
        """Return a session as first planned, neither moved nor cancelled."""
        starts_at, ends_at = row.starts_at, row.ends_at
        if row.moved_from and starts_at and ends_at:
            starts_at, ends_at = row.moved_from, row.moved_from + (ends_at - starts_at)
        return {
            "course": self.target,
            "week": self.weeks[row.week_id],
            "starts_at": self.shifted(starts_at),
            "ends_at": self.shifted(ends_at),
            "release_at": self.shifted(row.release_at),
            "cancelled_at": None,
            "cancel_reason": "",
            "moved_from": None,
        }

    def _material(self, row: Material) -> Changes:
        return {
            "course": self.target,
            "week": row.week_id and self.weeks[row.week_id],
            "session": row.session_id and self.sessions[row.session_id],
            "lecture": row.lecture_id and self.lectures[row.lecture_id],
            "file": row.file.name,  # copies share the stored file
            "opens_at": self.shifted(row.opens_at),
            "release_at": self.shifted(row.release_at),
            "replaced_at": None,
        }

    def _attachment(self, row: Attachment) -> Changes:
        return {
            "material": self.materials[row.material_id],
            "file": row.file.name,
            "release_at": self.shifted(row.release_at),
        }

    def _copy_places(self) -> None:
        """Copy sessions' lectures and teachers, and the other weeks of materials."""
        copy_rows(
            SessionLecture.objects.filter(session__course=self.source),
            lambda row: {
                "session": self.sessions[row.session_id],
                "lecture": self.lectures[row.lecture_id],
            },
        )
        teaches, also_in = Session.teachers.through, Material.also_in.through
        copy_rows(
            teaches._default_manager.filter(session__course=self.source),  # noqa: SLF001
            lambda row: {
                "session": self.sessions[row.session_id],
                "teacher": self.teachers[row.teacher_id],
            },
        )
        copy_rows(
            also_in._default_manager.filter(material__course=self.source),  # noqa: SLF001
            lambda row: {
                "material": self.materials[row.material_id],
                "week": self.weeks[row.week_id],
            },
        )


def copy_rows(
    rows: Iterable[RowT], changes: Callable[[Any], Changes]
) -> dict[int, RowT]:
    """Store a copy of each row with its changes. Two queries.

    Returns the copies by the primary key of the row that each was made from.
    """
    copies = {row.pk: unsaved_copy(row, **changes(row)) for row in rows}
    made = list(copies.values())
    if made:
        type(made[0])._default_manager.bulk_create(made)  # noqa: SLF001
    return copies
