"""Planning a shift: finding what would move, and what would stay."""

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from courses.models import (
    Assignment,
    Attachment,
    Course,
    Extension,
    GroupRelease,
    Session,
    Week,
)
from courses.services.shift_plan import (
    Move,
    RowKind,
    ShiftPlan,
    ShiftRefusedError,
    UnmovedRow,
)
from courses.wall_clock import day_words, later_by_days, start_of_day

_MOST_WEEKS: Final = 26
_OUT: Final = "Students see it already"


@dataclass(frozen=True, kw_only=True)
class _Shift:
    """The size of a shift, the moment from which it holds, and the present."""

    course: Course
    days: int
    boundary: dt.datetime
    now: dt.datetime

    def shifted(self, moment: dt.datetime) -> dt.datetime:
        """Return the moment after the shift, at the same time by the clocks."""
        return later_by_days(moment, self.days, self.course.tz)

    def is_in_shift(self, moment: dt.datetime | None) -> bool:
        """Return whether the moment is in the part of the course that moves."""
        return moment is not None and moment >= self.boundary

    def would_hide(self, moment: dt.datetime | None) -> bool:
        """Return whether moving this release would hide what students see."""
        return moment is not None and moment <= self.now < self.shifted(moment)

    def shifted_release(self, moment: dt.datetime | None) -> dt.datetime | None:
        """Return the release time after the shift."""
        if moment is None or not self.is_in_shift(moment) or self.would_hide(moment):
            return moment
        return self.shifted(moment)


def plan_shift(
    *, course: Course, from_week: int, weeks: int, now: dt.datetime
) -> ShiftPlan:
    """Return what would move by so many weeks, from that week on. Seven queries.

    Raises ShiftRefusedError if the course has no such week, or the number of weeks is
    out of range.
    """
    if not 1 <= abs(weeks) <= _MOST_WEEKS:
        raise ShiftRefusedError(
            f"Give a number of weeks from 1 to {_MOST_WEEKS}. With a minus sign, "
            "the dates move earlier."
        )
    known = list(course.weeks.order_by("number"))
    first = next((week for week in known if week.number == from_week), None)
    if first is None:
        raise ShiftRefusedError(f"This course has no week {from_week}.")
    shift = _Shift(
        course=course,
        days=7 * weeks,
        boundary=start_of_day(first.starts_on, course.tz),
        now=now,
    )
    collector = _MoveCollector(shift)
    later = [week for week in known if week.number >= from_week]
    earlier = [week for week in known if week.number < from_week]
    collector.add_weeks(later)
    collector.add_sessions(later)
    collector.add_assignments()
    collector.add_materials()
    return ShiftPlan(
        course=course,
        from_week=from_week,
        weeks=weeks,
        moves=tuple(collector.moves),
        unmoved=(*_weeks_that_stay(earlier), *collector.unmoved, *_hours(course)),
        faults=(*_overlap(earlier, later, shift), *collector.faults),
    )


class _MoveCollector:
    """Collects moves, what stays, and the faults that prevent the shift."""

    def __init__(self, shift: _Shift) -> None:
        self.shift = shift
        self.moves: list[Move] = []
        self.unmoved: list[UnmovedRow] = []
        self.faults: list[str] = []

    def add_weeks(self, weeks: Iterable[Week]) -> None:
        for week in weeks:
            after = week.starts_on + dt.timedelta(days=self.shift.days)
            label = f"Week {week.number}"
            self.moves.append(_move(RowKind.WEEK, week, label, "starts_on", after))
            self._release(RowKind.WEEK, week, label, "release_at")

    def add_sessions(self, weeks: Iterable[Week]) -> None:
        rows = Session.objects.filter(week__in=list(weeks)).select_related("week")
        for session in rows.order_by("starts_at", "week__number", "position"):
            label = str(session)
            for field in ("starts_at", "ends_at", "moved_from"):
                self._moment(RowKind.SESSION, session, label, field)
            self._release(RowKind.SESSION, session, label, "release_at")

    def add_assignments(self) -> None:
        moved = []
        for row in self.shift.course.assignments.all():
            if not self.shift.is_in_shift(row.due_at):
                self.unmoved.append(
                    UnmovedRow(
                        label=row.title, why="Due before that week", at=row.due_at
                    )
                )
                continue
            moved.append(row)
            self._release(RowKind.ASSIGNMENT, row, row.title, "release_at")
            self._moment(RowKind.ASSIGNMENT, row, row.title, "due_at")
            self._moment(RowKind.ASSIGNMENT, row, row.title, "closes_at")
            self._moment(RowKind.ASSIGNMENT, row, row.title, "regrades_until")
            self._release(RowKind.ASSIGNMENT, row, row.title, "marks_released_at")
            self._check_hand_out(row)
        for release in GroupRelease.objects.filter(assignment__in=moved).select_related(
            "assignment"
        ):
            noun = RowKind.GROUP_RELEASE
            self._release(noun, release, str(release), "released_at")
        rows = Extension.objects.filter(assignment__in=moved)
        for extension in rows.select_related("assignment", "student"):
            label = f"{extension.assignment.title}: {extension.student}"
            self._moment(RowKind.EXTENSION, extension, label, "due_at")

    def add_materials(self) -> None:
        for material in self.shift.course.materials.all():
            for field in ("release_at", "opens_at"):
                self._release(RowKind.MATERIAL, material, str(material), field)
        rows = Attachment.objects.filter(material__course=self.shift.course)
        for attachment in rows.select_related("material"):
            self._release(RowKind.ATTACHMENT, attachment, str(attachment), "release_at")

    def _moment(self, noun: RowKind, row: Any, label: str, field: str) -> None:
        before: dt.datetime | None = getattr(row, field)
        if before is not None:
            self.moves.append(
                _move(noun, row, label, field, self.shift.shifted(before))
            )

    def _release(self, noun: RowKind, row: Any, label: str, field: str) -> None:
        before: dt.datetime | None = getattr(row, field)
        after = self.shift.shifted_release(before)
        if before is not None and after is not None and after != before:
            self.moves.append(_move(noun, row, label, field, after))
        elif self.shift.is_in_shift(before):
            self.unmoved.append(UnmovedRow(label=label, why=_OUT, at=before))

    def _check_hand_out(self, row: Assignment) -> None:
        given_at = self.shift.shifted_release(row.release_at)
        if given_at is not None and self.shift.shifted(row.due_at) <= given_at:
            self.faults.append(f"{row.title} would be due before it is handed out.")


def _move(noun: RowKind, row: Any, label: str, field: str, after: dt.date) -> Move:
    before = getattr(row, field)
    return Move(
        noun=noun, pk=row.pk, label=label, field=field, before=before, after=after
    )


def _weeks_that_stay(weeks: Iterable[Week]) -> Iterator[UnmovedRow]:
    for week in weeks:
        yield UnmovedRow(
            label=f"Week {week.number}", why=f"From {day_words(week.starts_on)}"
        )


def _hours(course: Course) -> Iterator[UnmovedRow]:
    for slot in course.slots.all():
        yield UnmovedRow(label=str(slot), why="A weekly hour has no date")


def _overlap(
    earlier: Iterable[Week], later: Iterable[Week], shift: _Shift
) -> Iterator[str]:
    """Yield a fault if a week that moves would not begin after all weeks that stay."""
    last = max(earlier, key=lambda week: week.starts_on, default=None)
    first = min(later, key=lambda week: week.starts_on)
    begins_on = first.starts_on + dt.timedelta(days=shift.days)
    if last is not None and begins_on <= last.starts_on:
        yield (
            f"Week {first.number} would begin on {day_words(begins_on)}, "
            f"and week {last.number} on {day_words(last.starts_on)}."
        )
