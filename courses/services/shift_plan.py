"""Plans that move dates, as plain data: a shift by weeks, and an outage."""

import datetime as dt
import hashlib
import json
import zoneinfo
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from courses.models import Course
from courses.wall_clock import day_words, moment_words


class ShiftRefusedError(Exception):
    """The plan was refused, and nothing moved. The message tells the person why."""


class RowKind(StrEnum):
    """The kinds of rows that a plan moves."""

    WEEK = "week"
    SESSION = "session"
    ASSIGNMENT = "assignment"
    EXTENSION = "extension"
    GROUP_RELEASE = "group release"
    MATERIAL = "material"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One date or time of one row, before and after."""

    noun: RowKind
    pk: int
    label: str
    field: str
    before: dt.date
    after: dt.date

    def words(self, zone: zoneinfo.ZoneInfo) -> tuple[str, str]:
        """Return both times in words, in the zone's time."""
        return _words(self.before, zone), _words(self.after, zone)


def _words(when: dt.date, zone: zoneinfo.ZoneInfo) -> str:
    if isinstance(when, dt.datetime):
        return moment_words(when, zone)
    return day_words(when)


@dataclass(frozen=True, kw_only=True)
class UnmovedRow:
    """A row that does not move, why, and its time."""

    label: str
    why: str
    at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class DatePlan:
    """All dates that would move, and what would stay. With faults it cannot be done."""

    course: Course
    moves: tuple[Move, ...]
    unmoved: tuple[UnmovedRow, ...]
    faults: tuple[str, ...]

    @property
    def key(self) -> list[object]:
        """What the plan was asked for, as plain data."""
        return []

    @cached_property
    def digest(self) -> str:
        """A hash of this plan: any other date or row gives another one."""
        moves = [
            [move.noun, move.pk, move.field, move.before.isoformat()]
            for move in self.moves
        ]
        text = json.dumps([self.course.pk, *self.key, sorted(moves)])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ShiftPlan(DatePlan):
    """A shift of the rest of a course by whole weeks, from one week on."""

    from_week: int
    weeks: int

    @property
    def key(self) -> list[object]:
        """The week, and the number of weeks."""
        return [self.from_week, self.weeks]

    @property
    def words(self) -> str:
        """The shift in a sentence, without its full stop."""
        count = abs(self.weeks)
        by = "a week" if count == 1 else f"{count} weeks"
        earlier = " earlier" if self.weeks < 0 else ""
        return f"The run moved by {by}{earlier} from week {self.from_week} on"
