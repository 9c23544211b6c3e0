"""A shift of the run, as it would be: plain data, and a name for exactly this data."""

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
    """Nothing has moved. The message says why, for the person who asked."""


class Moved(StrEnum):
    """What a shift moves."""

    WEEK = "week"
    SESSION = "session"
    ASSIGNMENT = "assignment"
    EXTENSION = "extension"
    MATERIAL = "material"
    ATTACHMENT = "attachment"


@dataclass(frozen=True, kw_only=True)
class Move:
    """One date or time of one row, before and after."""

    noun: Moved
    pk: int
    label: str
    field: str
    before: dt.date
    after: dt.date

    def words(self, zone: zoneinfo.ZoneInfo) -> tuple[str, str]:
        """Before and after, in the zone's time."""
        return _words(self.before, zone), _words(self.after, zone)


def _words(when: dt.date, zone: zoneinfo.ZoneInfo) -> str:
    if isinstance(when, dt.datetime):
        return moment_words(when, zone)
    return day_words(when)


@dataclass(frozen=True, kw_only=True)
class Stay:
    """Something that does not move, and when it is."""

    label: str
    why: str
    at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ShiftPlan:
    """Every date that would move and what would stay. With faults it cannot be done."""

    course: Course
    from_week: int
    weeks: int
    moves: tuple[Move, ...]
    stays: tuple[Stay, ...]
    faults: tuple[str, ...]

    @property
    def words(self) -> str:
        """The shift in a sentence, without its full stop."""
        count = abs(self.weeks)
        by = "a week" if count == 1 else f"{count} weeks"
        earlier = " earlier" if self.weeks < 0 else ""
        return f"The run moved by {by}{earlier} from week {self.from_week} on"

    @cached_property
    def digest(self) -> str:
        """A name of exactly this plan: another date or another row is another digest."""
        moves = [
            [move.noun, move.pk, move.field, move.before.isoformat()]
            for move in self.moves
        ]
        text = json.dumps([self.course.pk, self.from_week, self.weeks, sorted(moves)])
        return hashlib.sha256(text.encode()).hexdigest()
