"""Merge the rows of a course file with what the portal has stored.

A course file does not contain what people do in the portal: releases, cancelled
sessions, uploaded files, other spellings of a room. Merged rows contain all of it, so
that they can be compared with the stored rows field by field.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from courses.course_file.export import default_release
from courses.course_file.stored import StoredCourse
from formats.course.course_content import (
    AttachmentRow,
    ComponentRow,
    Content,
    CourseRow,
    CourseworkRow,
    MaterialRow,
    Released,
    RoomRow,
    Row,
    RubricRow,
    SessionRow,
    TeacherRow,
    material_list_of,
)
from formats.course.course_fields import spelling

ReleasedT = TypeVar("ReleasedT", bound=Released)
FiledT = TypeVar("FiledT", MaterialRow, AttachmentRow)
PlacedT = TypeVar(
    "PlacedT", ComponentRow, TeacherRow, SessionRow, MaterialRow, AttachmentRow
)


@dataclass(frozen=True, kw_only=True)
class Merged:
    """The rows that the course will have, and those whose stored file is kept."""

    content: Content
    kept_files: tuple[Row, ...] = ()
    left_out: tuple[RubricRow, ...] = ()


def merge_with_stored(
    wanted: Content, stored: StoredCourse, *, is_new: bool, prune: bool
) -> Merged:
    """Return the rows that the course will have after the import.

    With `prune`, files that only the portal has are not kept.
    """
    present = {(row.NOUN, row.key): row for row in stored.content.rows()}
    merger = _Merger(wanted, stored, present, is_new=is_new, prune=prune)
    return merger.merge()


class _Merger:
    def __init__(
        self,
        wanted: Content,
        stored: StoredCourse,
        present: Mapping[tuple[str, str], Row],
        *,
        is_new: bool,
        prune: bool,
    ) -> None:
        self._wanted, self._stored, self._present = wanted, stored, present
        self._is_new, self._prune = is_new, prune
        self._kept_files: list[Row] = []
        # Rows released at or before this time were released together with the course.
        self._out_with_course = default_release(stored.content)

    def _stored_row(self, row: Row) -> Row | None:
        return self._present.get((row.NOUN, row.key))

    def merge(self) -> Merged:
        wanted, stored = self._wanted, self._stored.content
        course = self._course(wanted.course)
        silent = default_release(replace(wanted, course=course))
        rooms = {room.key: self._room(room) for room in wanted.rooms}
        called = {key: room.key for key, room in rooms.items()}
        sessions = [
            self._session(replace(row, room=called.get(row.room, "")))
            for row in wanted.sessions
        ]
        content = Content(
            course=course,
            components=self._with_positions(wanted.components, stored.components),
            rooms=tuple(rooms.values()),
            teachers=self._with_positions(wanted.teachers, stored.teachers),
            slots=tuple(
                replace(row, room=called.get(row.room, "")) for row in wanted.slots
            ),
            lectures=wanted.lectures,
            weeks=self._with_releases(wanted.weeks, silent),
            sessions=self._with_positions(
                self._with_releases(sessions, silent), stored.sessions, by_week
            ),
            materials=self._materials(silent),
            attachments=self._with_positions(
                self._with_releases(
                    map(self._with_stored_file, wanted.attachments), silent
                ),
                stored.attachments,
                by_material,
            ),
            coursework=tuple(
                map(
                    self._with_stored_rubrics,
                    self._with_releases(wanted.coursework, silent),
                )
            ),
        )
        return Merged(
            content=content,
            kept_files=tuple(self._kept_files),
            left_out=tuple(
                row for row in wanted.rubrics if self._stored_row(row) is None
            ),
        )

    def _with_stored_rubrics(self, row: CourseworkRow) -> CourseworkRow:
        """Return the coursework with the rubrics of questions that are there alone."""
        known = tuple(
            rubric for rubric in row.rubrics if self._stored_row(rubric) is not None
        )
        return replace(row, rubrics=known)

    def _course(self, row: CourseRow) -> CourseRow:
        if row.has_own_release or self._is_new:
            return row
        return replace(row, release_at=self._stored.content.course.release_at)

    def _with_releases(
        self, rows: Iterable[ReleasedT], silent: dt.datetime
    ) -> tuple[ReleasedT, ...]:
        return tuple(
            row
            if row.has_own_release
            else replace(row, release_at=self._release(row, silent))
            for row in rows
        )

    def _release(self, row: Released, silent: dt.datetime) -> dt.datetime | None:
        """Return the release time of a row for which the file gives none.

        A row that was released together with its course keeps that time if it is
        earlier than the new one.
        """
        before = self._stored_row(row)
        if not isinstance(before, Released):
            return silent
        at = before.release_at
        is_with_course = at is not None and at <= self._out_with_course
        return min(at, silent) if at is not None and is_with_course else at

    def _room(self, row: RoomRow) -> RoomRow:
        """Return the portal's room of this name with the new spellings, or `row`."""
        names = set(row.spellings)
        for room in self._stored.rooms:
            if names & set(room.spellings):
                further = [
                    name
                    for name in (row.key, *row.aliases)
                    if spelling(name) not in room.spellings
                ]
                aliases = (*room.aliases, *further)
                return replace(room, aliases=aliases, url=room.url or row.url)
        return row

    def _session(self, row: SessionRow) -> SessionRow:
        """Return the session, still cancelled if somebody cancelled it.

        A session that was moved keeps the time from which it was first moved.
        """
        before = self._stored_row(row)
        if not isinstance(before, SessionRow):
            return row
        if before.cancelled and not row.cancelled:
            row = replace(row, cancelled=True, cancel_reason=before.cancel_reason)
        moved_from = row.moved_from or before.moved_from
        is_back = moved_from == row.starts_at
        return replace(row, moved_from=None if is_back else moved_from)

    def _materials(self, silent: dt.datetime) -> tuple[MaterialRow, ...]:
        week_of = {row.key: row.week for row in self._wanted.sessions}
        stored_weeks = {row.key: row.week for row in self._stored.content.sessions}
        return self._with_positions(
            self._with_releases(
                map(self._with_stored_file, self._wanted.materials), silent
            ),
            self._stored.content.materials,
            lambda row: material_list_of(row, week_of),
            lambda row: material_list_of(row, stored_weeks),
        )

    def _with_stored_file(self, row: FiledT) -> FiledT:
        """Return the row with the file that only the portal has, unless pruning."""
        before = self._stored_row(row)
        has_own = row.file is not None or bool(row.url and row.NOUN == "attachment")
        if (
            has_own
            or not isinstance(before, MaterialRow | AttachmentRow)
            or before.file is None
        ):
            return row
        if self._prune:
            return row
        self._kept_files.append(row)
        return replace(row, file=before.file)

    def _with_positions(
        self,
        wanted: Sequence[PlacedT],
        stored: Sequence[PlacedT],
        list_of: Callable[[PlacedT], Hashable] = lambda _: "",
        stored_list_of: Callable[[PlacedT], Hashable] | None = None,
    ) -> tuple[PlacedT, ...]:
        """Return the rows with positions: the stored ones if the order is the same."""
        before: dict[Hashable, list[PlacedT]] = defaultdict(list)
        for row in stored:
            before[(stored_list_of or list_of)(row)].append(row)
        after: dict[Hashable, list[PlacedT]] = defaultdict(list)
        for row in wanted:
            after[list_of(row)].append(row)
        places = {
            row.key: place
            for name, rows in after.items()
            for row, place in zip(
                rows, merged_positions(rows, before[name]), strict=True
            )
        }
        return tuple(replace(row, position=places[row.key]) for row in wanted)


def by_week(row: SessionRow) -> Hashable:
    return row.week


def by_material(row: AttachmentRow) -> Hashable:
    return row.material


def merged_positions(wanted: Sequence[PlacedT], stored: Sequence[PlacedT]) -> list[int]:
    """Return the positions of a list's rows: the stored ones if the order is the same.

    For that, new rows must be at the end. Otherwise the positions count from 0 again.
    """
    keys = [row.key for row in wanted]
    kept: list[PlacedT] = [row for row in stored if row.key in keys]
    if keys[: len(kept)] != [row.key for row in kept]:
        return list(range(len(keys)))
    given = [row.position for row in kept]
    first = max((row.position for row in stored), default=-1) + 1
    return given + list(range(first, first + len(keys) - len(given)))
