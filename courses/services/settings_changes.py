"""Records of changes to an assignment's settings, made in the same transaction."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, Self

from django.utils import timezone

from accounts.actors import Actor
from courses.late_rule_words import rule_words
from courses.models import Assignment, Course, CourseChange
from courses.release_times import is_released
from courses.services.changes import record_change
from courses.wall_clock import moment_words
from formats.choices import Counting
from formats.late_rule_checks import RULE_FIELDS

MarksListener = Callable[[Actor, Assignment, str], None]
CourseMarksListener = Callable[[Actor, Course, str], None]
# Callbacks of apps above this one that keep a history of marks: see grading.apps.
_LISTENERS: Final[list[MarksListener]] = []
_COURSE_LISTENERS: Final[list[CourseMarksListener]] = []
# The settings on which the points of marks depend, with the reason that is recorded.
_MARK_SETTINGS: Final = {
    "counting": "",
    **dict.fromkeys((*RULE_FIELDS, "pass_mark"), "The rule for late work changed."),
    "due_at": "The deadline changed.",
    "grace_minutes": "The deadline changed.",
    # An accommodation in percent is counted from the release.
    "release_at": "The release of the coursework moved.",
    "agreed_above": "The largest difference of two markings changed.",
}
# The deadline and the release of marks have records of their own. Publishing a revision
# is recorded where it is done.
_RECORDED_ELSEWHERE: Final = frozenset(
    {"id", "due_at", "marks_released_at", "revision"}
)


@dataclass(frozen=True, kw_only=True)
class AnnouncedSettings:
    """Former values of the settings whose changes students are told of."""

    release_at: dt.datetime | None
    counting: str
    closes_at: dt.datetime | None
    max_attempts: int | None
    cooldown_minutes: int
    late_words: str

    @classmethod
    def of(cls, assignment: Assignment) -> Self:
        """Return the settings of the assignment."""
        return cls(
            release_at=assignment.release_at,
            counting=assignment.counting,
            closes_at=assignment.closes_at,
            max_attempts=assignment.max_attempts,
            cooldown_minutes=assignment.cooldown_minutes,
            late_words=late_words_of(assignment),
        )


def late_words_of(assignment: Assignment) -> str:
    """Return the assignment's rule for late work in words."""
    return " ".join(rule_words(assignment.late_rule, pass_mark=assignment.pass_percent))


def on_marks_change(
    listener: MarksListener, course_listener: CourseMarksListener
) -> None:
    """Register functions to call when a setting changes marks.

    They are called with the actor, the assignment or the course whose setting changed,
    and the reason in words.
    """
    if listener not in _LISTENERS:
        _LISTENERS.append(listener)
    if course_listener not in _COURSE_LISTENERS:
        _COURSE_LISTENERS.append(course_listener)


def changed_mark_settings(before: Assignment, after: Assignment) -> list[str]:
    """Return the changed settings on which the points of marks depend, by field."""
    return [
        name for name in _MARK_SETTINGS if getattr(before, name) != getattr(after, name)
    ]


def announce_changed_settings(
    *, actor: Actor, assignment: Assignment, changed: Collection[str]
) -> None:
    """Call the registered functions if one of the changed settings changes marks.

    `changed` are names of the assignment's fields.
    """
    found = [name for name in _MARK_SETTINGS if name in changed]
    if found:
        reason = _MARK_SETTINGS[found[0]]
        announce_marks_change(
            actor=actor,
            assignment=assignment,
            reason=reason or f"{assignment.get_counting_display()} now.",
        )


def announce_marks_change(*, actor: Actor, assignment: Assignment, reason: str) -> None:
    """Call the registered functions: marks of the assignment may have changed."""
    for listener in _LISTENERS:
        listener(actor, assignment, reason)


def announce_course_marks_change(*, actor: Actor, course: Course, reason: str) -> None:
    """Call the registered functions: marks of the whole course may have changed."""
    for listener in _COURSE_LISTENERS:
        listener(actor, course, reason)


def record_settings(*, actor: Actor, before: Assignment, after: Assignment) -> None:
    """Record for staff which settings changed.

    Students are told what `tell_students_of_settings` says.
    """
    changed = [
        field
        for field in Assignment._meta.fields  # noqa: SLF001  Django's documented name
        if field.name not in _RECORDED_ELSEWHERE
        and getattr(before, field.attname) != getattr(after, field.attname)
    ]
    if not changed:
        return
    tell_students_of_settings(
        actor=actor, before=AnnouncedSettings.of(before), after=after
    )
    record_change(
        actor=actor,
        course=after.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The settings of {after.title} changed.",
        before="; ".join(_words(before, field) for field in changed),
        after="; ".join(_words(after, field) for field in changed),
        about=after,
    )


def tell_students_of_settings(
    *, actor: Actor, before: AnnouncedSettings, after: Assignment, reason: str = ""
) -> None:
    """Tell students of another counting or late rule, closing time, or attempts.

    Nothing is told of an assignment that they did not see before, or do not see now.
    """
    now = timezone.now()
    if not (is_released(before.release_at, now) and is_released(after.release_at, now)):
        return
    for says, was, becomes in _sentences(before, after):
        record_change(
            actor=actor,
            course=after.course,
            kind=CourseChange.Kind.CONTENT,
            summary=f"{after.title}: {says}",
            reason=reason,
            before=was,
            after=becomes,
            is_public=True,
            about=after,
        )


def _sentences(
    before: AnnouncedSettings, after: Assignment
) -> list[tuple[str, str, str]]:
    """Return the sentence for each setting that changed, with both values."""
    told = []
    if before.counting != after.counting:
        was = Counting(before.counting).label
        becomes = after.get_counting_display()
        told.append((f"{_lower_first(becomes)} now.", was, becomes))
    if before.closes_at != after.closes_at:
        zone = after.course.tz
        was, becomes = (
            "not accepted" if at is None else moment_words(at, zone)
            for at in (before.closes_at, after.closes_at)
        )
        says = (
            "no longer accepted"
            if after.closes_at is None
            else f"accepted until {becomes}"
        )
        told.append((f"late work is {says}.", was, becomes))
    if before.max_attempts != after.max_attempts:
        was, becomes = map(_attempts, (before.max_attempts, after.max_attempts))
        most = "" if after.max_attempts is None else "at most "
        told.append((f"{most}{becomes} now.", was, becomes))
    if before.cooldown_minutes != after.cooldown_minutes:
        was, becomes = map(
            _between_attempts, (before.cooldown_minutes, after.cooldown_minutes)
        )
        told.append((f"{becomes} between attempts now.", was, becomes))
    becomes = late_words_of(after)
    if before.late_words != becomes:
        told.append(("the rule for late work changed.", before.late_words, becomes))
    return told


def _attempts(most: int | None) -> str:
    if most is None:
        return "any number of attempts"
    return "1 attempt" if most == 1 else f"{most} attempts"


def _between_attempts(minutes: int) -> str:
    if not minutes:
        return "no wait"
    return "a wait of 1 minute" if minutes == 1 else f"a wait of {minutes} minutes"


def record_deadline(
    *, actor: Actor, assignment: Assignment, before: dt.datetime, reason: str = ""
) -> None:
    """Record a change of the deadline. Students read it if they see the assignment."""
    zone = assignment.course.tz
    after = moment_words(assignment.due_at, zone)
    verb = "takes place" if assignment.has_entered_marks else "is due"
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.DEADLINE,
        summary=f"{assignment.title} {verb} on {after}.",
        reason=reason,
        before=moment_words(before, zone),
        after=after,
        is_public=is_released(assignment.release_at, timezone.now()),
        about=assignment,
    )


def _words(row: Assignment, field: Any) -> str:
    """Return a setting as people read it, such as `minutes of grace: 5`."""
    value = getattr(row, field.name)
    if field.get_internal_type() == "DateTimeField":
        value = None if value is None else moment_words(value, row.course.tz)
    if field.choices:
        value = dict(field.flatchoices).get(value, value)
    text = " ".join(str("none" if value in {None, ""} else value).split())
    return f"{field.verbose_name}: {text[:80]}"


def _lower_first(words: str) -> str:
    return words[:1].lower() + words[1:]
