"""Records of what an import changed in a course that students see."""

import datetime as dt
import zoneinfo
from dataclasses import dataclass
from typing import Final

from django.utils import timezone

from accounts.actors import Actor
from courses.course_file.apply import Applier
from courses.course_file.plan import Change, FieldChange, Plan, field_label
from courses.late_rule_words import rule_words
from courses.late_rules import rule_of
from courses.models import Assignment, Course, CourseChange, Material, Session
from courses.services.changes import record_change
from courses.services.course_late_rule import record_late_rule
from courses.services.course_storage import record_storage_rule
from courses.services.settings_changes import (
    AnnouncedSettings,
    announce_changed_settings,
    record_deadline,
    tell_students_of_settings,
)
from courses.wall_clock import day_words, moment_words
from formats.choices import SessionKind
from formats.course.course_content import (
    CourseRow,
    CourseworkRow,
    LectureRow,
    MaterialRow,
    Released,
    RubricRow,
    SessionRow,
    WeekRow,
)
from formats.course.dates import WEEK

_REASON: Final = "Imported from a course file."
_SUBJECTS: Final = (Session, Material, Assignment)
# People know these rows by their titles, not by their keys.
_TITLED: Final = (CourseworkRow, LectureRow, MaterialRow)
# Students are told of a session when one of these fields changed.
_WHEN_AND_WHERE: Final = ("starts_at", "ends_at", "room", "online", "cancelled")


@dataclass(frozen=True, kw_only=True)
class _Import:
    """One import: its actor, course and time, and by how much it moves all weeks."""

    actor: Actor
    course: Course
    shift: dt.timedelta
    now: dt.datetime


def record_import(actor: Actor, course: Course, plan: Plan, applier: Applier) -> None:
    """Record what an import changed in a course that students see.

    If all weeks moved together, that is one change, and each deadline is another.
    """
    _note_marks(actor, course, plan, applier)
    now = timezone.now()
    if plan.is_new or not _is_out(plan.stored.content.course, now):
        return
    shift = _shift_of(plan)
    if shift:
        _record_shift(actor, course, plan, shift)
    made = _Import(actor=actor, course=course, shift=shift, now=now)
    for verb, changes in (
        ("is new", plan.added),
        ("changed", plan.changed),
        ("was deleted", plan.deleted),
    ):
        for change in changes:
            # Editing a rubric records it.
            if isinstance(change.row, RubricRow):
                continue
            if not _only_shifted(change, shift, course.tz):
                about = applier.find(change.row)
                _record_one(change, verb, made=made, about=about)


def _note_marks(actor: Actor, course: Course, plan: Plan, applier: Applier) -> None:
    """Record each mark that a changed deadline or late rule changes."""
    for change in plan.changed:
        if isinstance(change.row, CourseworkRow):
            announce_changed_settings(
                actor=actor,
                assignment=applier.find(change.row),
                changed=[each.field for each in change.fields],
            )
        elif isinstance(change.row, CourseRow):
            record_late_rule(actor=actor, before=change.before, after=course)
            record_storage_rule(actor=actor, before=change.before, after=course)


def _record_one(change: Change, verb: str, *, made: _Import, about: object) -> None:
    is_released = _is_out(change.before, made.now) and _is_out(change.after, made.now)
    fields = list(change.fields)
    told = []
    if change.fields and isinstance(about, Assignment):
        fields = _record_coursework(change, made, about)
        if not fields:
            return
    elif isinstance(change.row, SessionRow) and is_released:
        told = change.differs(*_WHEN_AND_WHERE)
    shown = [_words(change, each, made.course.tz) for each in told or fields]
    record_change(
        actor=made.actor,
        course=made.course,
        kind=_kind(change),
        summary=_sentence(change, verb, told=bool(told)),
        reason=_REASON,
        before="; ".join(f"{name}: {before}" for name, before, _ in shown),
        after="; ".join(f"{name}: {after}" for name, _, after in shown),
        is_public=bool(told),
        about=about if isinstance(about, _SUBJECTS) else None,
    )


def _record_coursework(
    change: Change, made: _Import, after: Assignment
) -> list[FieldChange]:
    """Tell students of an assignment's changes; return the fields left for staff."""
    before = change.before
    assert isinstance(before, CourseworkRow)  # noqa: S101  only assignments reach here
    settings = AnnouncedSettings(
        release_at=before.release_at,
        counting=before.counting,
        closes_at=before.closes_at,
        max_attempts=before.attempts,
        cooldown_minutes=before.cooldown_minutes,
        late_words=_late_words(before, after.course),
    )
    tell_students_of_settings(
        actor=made.actor, before=settings, after=after, reason=_REASON
    )
    if before.due_at != after.due_at:
        record_deadline(
            actor=made.actor, assignment=after, before=before.due_at, reason=_REASON
        )
    return [
        each
        for each in change.fields
        if each.field != "due_at" and not _is_moved(change, each.field, made)
    ]


def _late_words(before: CourseworkRow, course: Course) -> str:
    """Return the rule for late work that an assignment had, in words."""
    rule = rule_of(before) if before.late_mode else course.own_late_rule
    share = course.pass_mark if before.pass_mark is None else before.pass_mark
    return " ".join(rule_words(rule, pass_mark=share))


def _is_moved(change: Change, name: str, made: _Import) -> bool:
    """Return whether the field is a time that moved by as much as all weeks did."""
    was, becomes = getattr(change.before, name), getattr(change.after, name)
    return bool(made.shift) and _moved(was, becomes, made.course.tz) == made.shift


def _words(
    change: Change, field: FieldChange, zone: zoneinfo.ZoneInfo
) -> tuple[str, str, str]:
    """Return a field's label, and both values with times as all records show them."""
    was, becomes = (
        _time_words(getattr(row, field.field, None), zone)
        for row in (change.before, change.after)
    )
    return field_label(field.field), was or field.before, becomes or field.after


def _time_words(value: object, zone: zoneinfo.ZoneInfo) -> str:
    if isinstance(value, dt.datetime):
        return moment_words(value, zone)
    return day_words(value) if isinstance(value, dt.date) else ""


def _is_out(row: object, now: dt.datetime) -> bool:
    return (
        isinstance(row, Released)
        and row.release_at is not None
        and row.release_at <= now
    )


def _kind(change: Change) -> CourseChange.Kind:
    if isinstance(change.row, SessionRow):
        return CourseChange.Kind.SESSION
    if isinstance(change.row, MaterialRow):
        return CourseChange.Kind.MATERIAL
    return CourseChange.Kind.CONTENT


def _sentence(change: Change, verb: str, *, told: bool) -> str:
    """Return what is new, in words; with `told`, in words for students."""
    row = change.row
    if not told:
        titled = row.title if isinstance(row, _TITLED) else ""
        name = f"{row.NOUN} “{titled}”" if titled else change.name
        return f"{name[0].upper()}{name[1:]} {verb}."
    assert isinstance(row, SessionRow)  # noqa: S101  see _record_one
    name = row.title or SessionKind(row.kind).label.lower()
    if change.differs("cancelled"):
        state = "is cancelled" if row.cancelled else "takes place after all"
    else:
        state = "moved"
    return f"The {name} of week {row.week} {state}."


# --- A run that moves as a whole ------------------------------------------------------


def _shift_of(plan: Plan) -> dt.timedelta:
    """Return by how much all weeks of the course move, or zero if they differ."""
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
    _, before, after = _words(first, starts, course.tz)
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.SHIFT,
        summary=f"The run moved by {by}{' earlier' if shift.days < 0 else ''}.",
        reason=_REASON,
        before=f"Week {first.row.key} from {before}",
        after=f"Week {first.row.key} from {after}",
        is_public=True,
    )


def _only_shifted(change: Change, shift: dt.timedelta, zone: zoneinfo.ZoneInfo) -> bool:
    """Return whether the row only moved as all weeks did.

    False for assignments: students are told of each deadline.
    """
    if not shift or not change.fields or isinstance(change.row, CourseworkRow):
        return False
    fields = [each.field for each in change.fields]
    return all(
        _moved(getattr(change.before, name), getattr(change.row, name), zone) == shift
        for name in fields
    )


def _moved(before: object, after: object, zone: zoneinfo.ZoneInfo) -> dt.timedelta:
    """Return by how much a date or time moved by the clocks of the zone."""
    if isinstance(before, dt.datetime) and isinstance(after, dt.datetime):
        first, second = (
            when.astimezone(zone).replace(tzinfo=None) for when in (before, after)
        )
        return second - first
    if isinstance(before, dt.date) and isinstance(after, dt.date):
        return after - before
    return dt.timedelta()
