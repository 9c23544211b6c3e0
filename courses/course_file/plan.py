"""Work out what an import would do: new rows, changed rows and rows left over."""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from courses.course_file.export import content_calendar
from courses.course_file.merge import merge_with_stored
from courses.course_file.stored import StoredCourse
from formats.assignment.rubric import Rubric
from formats.choices import Weekday
from formats.course.course_content import (
    Content,
    RoomRow,
    Row,
    SessionRow,
    WeekRow,
)
from formats.course.dates import Calendar, time_text
from formats.course.named_files import File
from formats.course.plain_fields import without_zeros
from formats.problems import ProblemList

_SHOWN: Final = 60
# Labels of fields whose label differs from their name.
_LABELS: Final = {
    "at": "",
    "starts_at": "starts",
    "ends_at": "ends",
    "release_at": "released",
    "opens_at": "opens",
    "due_at": "due",
    "closes_at": "closes",
    "starts_on": "starts",
    "position": "place in its list",
    "team": "by the team",
}
# In the order of deletion: a row is deleted before the rows that it refers to.
_DELETED: Final = (
    "attachment",
    "material",
    "session",
    "coursework",
    "slot",
    "lecture",
    "week",
    "teacher",
    "component",
)


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """One field of a row, before and after, in words."""

    field: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{field_label(self.field)}: {self.before} → {self.after}"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One row to add, change or delete.

    `before` is None for a new row, and `after` for one that the file does not have.
    """

    before: Row | None
    after: Row | None
    fields: tuple[FieldChange, ...] = ()

    @property
    def row(self) -> Row:
        """The row that changes."""
        row = self.after or self.before
        assert row is not None  # noqa: S101  one of them is there
        return row

    @property
    def name(self) -> str:
        """The name that people use for the row: its noun and its key."""
        return f"{self.row.NOUN} {self.row.key}".strip()

    def differs(self, *names: str) -> list[FieldChange]:
        """Return the changes of those of these fields that changed."""
        return [change for change in self.fields if change.field in names]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that an import does; with `prune`, left-over rows are deleted."""

    wanted: Content
    stored: StoredCourse
    is_new: bool
    prune: bool
    added: tuple[Change, ...] = ()
    changed: tuple[Change, ...] = ()
    left_over: tuple[Change, ...] = ()
    kept_files: tuple[Row, ...] = ()
    left_out: tuple[Row, ...] = ()

    @property
    def deleted(self) -> tuple[Change, ...]:
        """The left-over rows that are deleted."""
        return self.left_over if self.prune else ()

    @property
    def is_empty(self) -> bool:
        """Whether the course already matches the file."""
        return not (self.added or self.changed or self.deleted)

    def lines(self) -> Iterator[str]:
        """Yield a line per change: + is new, ~ changes, - is only in the portal."""
        for change in self.added:
            yield f"+ {change.name}{_titled(change.row)}"
        for change in self.changed:
            yield f"~ {change.name}: {'; '.join(map(str, change.fields))}"
        for change in self.left_over:
            fate = "deleted" if self.prune else "kept"
            yield f"- only in the portal, {fate}: {change.name}{_titled(change.row)}"
        for row in self.kept_files:
            yield f"- only in the portal, kept: the file of {row.NOUN} {row.key}"
        for row in self.left_out:
            yield f"- no such question is published, left out: {row.NOUN} {row.key}"


def make_plan(
    wanted: Content, stored: StoredCourse, *, is_new: bool, prune: bool, file: str
) -> Plan:
    """Return what the import has to change. Raises ImportRefusedError if rooms conflict."""
    _check_rooms(wanted, stored, file)
    merged = merge_with_stored(wanted, stored, is_new=is_new, prune=prune)
    calendar = content_calendar(merged.content)
    present: dict[tuple[str, str], Row] = {
        (row.NOUN, row.key): row
        for row in (*stored.rooms, *stored.content.rows())
        if not (is_new and row.NOUN == "course")
    }
    added, changed = [], []
    for row in merged.content.rows():
        before = present.pop((row.NOUN, row.key), None)
        if before is None:
            added.append(Change(before=None, after=row))
        elif before != row:
            fields = tuple(_differences(before, row, calendar))
            changed.append(Change(before=before, after=row, fields=fields))
    return Plan(
        wanted=merged.content,
        stored=stored,
        is_new=is_new,
        prune=prune,
        added=tuple(added),
        changed=tuple(changed),
        left_over=tuple(_left_over(present, wanted, prune=prune)),
        kept_files=merged.kept_files,
        left_out=merged.left_out,
    )


def _left_over(
    present: Mapping[tuple[str, str], Row], wanted: Content, *, prune: bool
) -> Iterator[Change]:
    """Yield the rows that the file no longer has, in the order of deletion.

    A cancelled session is kept, struck out, as long as its week is. Rooms are shared
    between courses and never deleted.
    """
    weeks = {row.number for row in wanted.weeks}
    rows = [row for row in present.values() if row.NOUN in _DELETED]
    for row in sorted(rows, key=lambda row: _DELETED.index(row.NOUN)):
        is_struck = isinstance(row, SessionRow) and row.cancelled and row.week in weeks
        if not (prune and is_struck):
            yield Change(before=row, after=None)


def _check_rooms(wanted: Content, stored: StoredCourse, file: str) -> None:
    faults = ProblemList()
    owners: dict[str, RoomRow] = {}
    for row in wanted.rooms:
        found = [
            room for room in stored.rooms if set(room.spellings) & set(row.spellings)
        ]
        for room in found[1:]:
            faults.add(
                f"“{found[0].key}” and “{room.key}” are two rooms of the portal, and "
                "one in this file.",
                file=file,
                line=row.line,
                hint="Name one of them only, or make them one in the admin.",
            )
        if found and owners.setdefault(found[0].key, row) is not row:
            faults.add(
                f"“{row.key}” and “{owners[found[0].key].key}” are both the portal's "
                f"room “{found[0].key}”.",
                file=file,
                line=row.line,
                hint="Write them as one room with an alias.",
            )
    faults.raise_if_any()


# --- In words -----------------------------------------------------------------------


def _differences(before: Row, after: Row, calendar: Calendar) -> Iterator[FieldChange]:
    for entry in dataclasses.fields(after):
        old, new = getattr(before, entry.name), getattr(after, entry.name)
        if entry.compare and old != new:
            was, becomes = (
                value_in_words(entry.name, old, calendar),
                value_in_words(entry.name, new, calendar),
            )
            if was == becomes:
                was, becomes = _with_lengths(was, becomes, str(old), str(new))
            yield FieldChange(field=entry.name, before=was, after=becomes)


def _with_lengths(was: str, becomes: str, old: str, new: str) -> tuple[str, str]:
    """Return two long texts that begin alike, each with its length."""
    return f"{was} ({len(old)} characters)", f"{becomes} ({len(new)} characters)"


def field_label(field: str) -> str:
    """Return the label of a field."""
    return _LABELS.get(field, field.replace("_", " "))


def value_in_words(field: str, value: Any, calendar: Calendar) -> str:
    """Return a field's value in words."""
    if field == "weekday":
        return Weekday(value).label
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in {"", ()}:
        return "hidden" if field == "release_at" else "nothing"
    return _value_shown(value, calendar)


def _value_shown(value: Any, calendar: Calendar) -> str:
    match value:
        case dt.datetime():
            text = f"{calendar.local(value):%a} {calendar.moment_text(value)}"
        case dt.date():
            text = f"{value:%a} {calendar.day_text(value)}"
        case dt.time():
            text = time_text(value)
        case tuple():
            text = ", ".join(map(str, value))
        case File():
            text = f"{value.name} ({value.sha256[:8] or 'lost'})"
        case Decimal():
            text = f"{value:f}"
        case Rubric():
            text = _items_shown(value)
        case _:
            text = " ".join(str(value).split())
    return f"{text[:_SHOWN]}…" if len(text) > _SHOWN else text


def _items_shown(rubric: Rubric) -> str:
    items = [item for group in rubric.groups for item in group.items]
    return "; ".join(
        f"{' '.join(item.text.split())} ({without_zeros(item.points):f})"
        for item in items
    )


def _titled(row: Row) -> str:
    title = str(getattr(row, "title", ""))
    if isinstance(row, WeekRow) and not title:
        return ""
    return f" “{title}”" if title and title != row.key else ""
