"""The record of what an import changed in a course that people see."""

import datetime as dt
import zoneinfo
from typing import Final

from django.utils import timezone

from accounts.actors import Actor
from courses.coursefile.applying import Applier
from courses.coursefile.contents import (
    CourseworkRow,
    MaterialRow,
    Released,
    SessionRow,
    WeekRow,
)
from courses.coursefile.dates import WEEK
from courses.coursefile.planning import Change, Plan, label
from courses.models import (
    Assignment,
    Course,
    CourseChange,
    Material,
    Session,
    SessionKind,
)
from courses.services.changes import record_change
from courses.services.settings_changes import note_counting

_REASON: Final = "Imported from a course file."
_SUBJECTS: Final = (Session, Material, Assignment)
# What about a session students are told of.
_WHEN_AND_WHERE: Final = ("starts_at", "ends_at", "room", "online", "cancelled")


def record_import(actor: Actor, course: Course, plan: Plan, applier: Applier) -> None:
    """What an import changed in a course that people see is on record.

    A run that moved as a whole is one change, and each deadline of it another.
    """
    _note_counting(actor, plan, applier)
    now = timezone.now()
    if plan.is_new or not _is_out(plan.stored.content.course, now):
        return
    shift = _shift_of(plan)
    if shift:
        _record_shift(actor, course, plan, shift)
    for verb, changes in (
        ("is new", plan.added),
        ("changed", plan.changed),
        ("was deleted", plan.deleted),
    ):
        for change in changes:
            if not _moves_along(change, shift, course.tz):
                _record_one(
                    change, verb, actor=actor, course=course, applier=applier, now=now
                )


def _note_counting(actor: Actor, plan: Plan, applier: Applier) -> None:
    """Let the history of marks follow coursework of which another attempt counts."""
    for change in plan.changed:
        if isinstance(change.row, CourseworkRow) and change.differs("counting"):
            note_counting(actor=actor, assignment=applier.find(change.row))


def _record_one(
    change: Change,
    verb: str,
    *,
    actor: Actor,
    course: Course,
    applier: Applier,
    now: dt.datetime,
) -> None:
    found = applier.find(change.row)
    about = found if isinstance(found, _SUBJECTS) else None
    is_out = _is_out(change.before, now) and _is_out(change.after, now)
    told = change.differs(*_told_of(change)) if is_out else []
    fields = told or list(change.fields)
    record_change(
        actor=actor,
        course=course,
        kind=_kind(change),
        summary=_sentence(change, verb, told=bool(told)),
        reason=_REASON,
        before="; ".join(f"{label(f.field)}: {f.before}" for f in fields),
        after="; ".join(f"{label(f.field)}: {f.after}" for f in fields),
        is_public=bool(told),
        about=about,
    )


def _is_out(row: object, now: dt.datetime) -> bool:
    return (
        isinstance(row, Released)
        and row.release_at is not None
        and row.release_at <= now
    )


def _told_of(change: Change) -> tuple[str, ...]:
    if isinstance(change.row, SessionRow):
        return _WHEN_AND_WHERE
    return ("due_at",) if isinstance(change.row, CourseworkRow) else ()


def _kind(change: Change) -> CourseChange.Kind:
    if isinstance(change.row, SessionRow):
        return CourseChange.Kind.SESSION
    if isinstance(change.row, CourseworkRow) and change.differs("due_at"):
        return CourseChange.Kind.DEADLINE
    if isinstance(change.row, MaterialRow):
        return CourseChange.Kind.MATERIAL
    return CourseChange.Kind.CONTENT


def _sentence(change: Change, verb: str, *, told: bool) -> str:
    """What is new, in words; students read those that they are told of."""
    row = change.row
    if not told:
        name = change.name
        return f"{name[0].upper()}{name[1:]} {verb}."
    if isinstance(row, CourseworkRow):
        return f"The deadline of {row.title} moved."
    assert isinstance(row, SessionRow)  # noqa: S101  see _told_of
    name = row.title or str(SessionKind(row.kind).label).lower()
    if change.differs("cancelled"):
        state = "is cancelled" if row.cancelled else "takes place after all"
    else:
        state = "moved"
    return f"The {name} of week {row.week} {state}."


# --- A run that moves as a whole ------------------------------------------------------


def _shift_of(plan: Plan) -> dt.timedelta:
    """By how much every week of the course moves, or nothing if they do not agree."""
    before = {row.number: row.starts_on for row in plan.stored.content.weeks}
    moves = {
        row.starts_on - before[row.number]
        for row in plan.wanted.weeks
        if row.number in before
    }
    return moves.pop() if len(moves) == 1 else dt.timedelta()


def _record_shift(
    actor: Actor, course: Course, plan: Plan, shift: dt.timedelta
) -> None:
    count = abs(shift) // WEEK
    by = "a week" if count == 1 else f"{count} weeks"
    first = next(c for c in plan.changed if isinstance(c.row, WeekRow))
    (starts,) = first.differs("starts_on")
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.SHIFT,
        summary=f"The run moved by {by}{' earlier' if shift.days < 0 else ''}.",
        reason=_REASON,
        before=f"Week {first.row.key} from {starts.before}",
        after=f"Week {first.row.key} from {starts.after}",
        is_public=True,
    )


def _moves_along(change: Change, shift: dt.timedelta, zone: zoneinfo.ZoneInfo) -> bool:
    """Whether nothing changed but that it moved with its run. Deadlines are told."""
    if not shift or not change.fields or isinstance(change.row, CourseworkRow):
        return False
    fields = [each.field for each in change.fields]
    return all(
        _moved(getattr(change.before, name), getattr(change.row, name), zone) == shift
        for name in fields
    )


def _moved(before: object, after: object, zone: zoneinfo.ZoneInfo) -> dt.timedelta:
    """By how much clocks and calendars say that it moved."""
    if isinstance(before, dt.datetime) and isinstance(after, dt.datetime):
        first, second = (
            when.astimezone(zone).replace(tzinfo=None) for when in (before, after)
        )
        return second - first
    if isinstance(before, dt.date) and isinstance(after, dt.date):
        return after - before
    return dt.timedelta()
