"""The preview of dates that move: all of them before and after, grouped by kind of row."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courses.services.shift_plan import DatePlan, Move, RowKind

_TITLES: Final = {
    RowKind.WEEK: "Weeks",
    RowKind.SESSION: "Sessions",
    RowKind.ASSIGNMENT: "Coursework",
    RowKind.EXTENSION: "Extensions",
    RowKind.GROUP_RELEASE: "Marks of groups",
    RowKind.MATERIAL: "Materials",
    RowKind.ATTACHMENT: "Further files",
}
_FIELDS: Final = {
    "starts_on": "starts",
    "starts_at": "begins",
    "ends_at": "ends",
    "moved_from": "first planned for",
    "release_at": "released",
    "opens_at": "opens",
    "due_at": "due",
    "closes_at": "closes",
    "regrades_until": "regrade requests until",
    "marks_released_at": "marks released",
    "released_at": "marks released",
}


@dataclass(frozen=True, kw_only=True)
class MoveRow:
    """One date or time, before and after, in words."""

    label: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class MoveGroup:
    """All dates of one kind of row."""

    title: str
    rows: Sequence[MoveRow]


def shift_preview(plan: DatePlan) -> list[MoveGroup]:
    """Return the plan's moves grouped by kind of row, without empty groups.

    A session's end is left out: it moves together with its start.
    """
    shown = [
        move
        for move in plan.moves
        if (move.noun, move.field) != (RowKind.SESSION, "ends_at")
    ]
    groups = (
        MoveGroup(
            title=title,
            rows=[_row(plan, move) for move in shown if move.noun is noun],
        )
        for noun, title in _TITLES.items()
    )
    return [group for group in groups if group.rows]


def _row(plan: DatePlan, move: Move) -> MoveRow:
    before, after = move.words(plan.course.tz)
    return MoveRow(
        label=move.label, what=_FIELDS[move.field], before=before, after=after
    )
