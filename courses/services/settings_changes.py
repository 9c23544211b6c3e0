"""What follows in the transaction in which coursework gets other settings."""

from collections.abc import Callable
from typing import Any, Final

from django.utils import timezone

from accounts.actors import Actor
from courses.models import Assignment, CourseChange
from courses.release import is_out
from courses.services.changes import record_change
from courses.wall_clock import moment_words

Follower = Callable[[Actor, Assignment, str], None]
# Apps above this one that keep a history of marks: see grading.apps.
_FOLLOWERS: Final[list[Follower]] = []
# The deadline and the release of marks have records of their own. Which revision is
# published is recorded where that is done.
_TOLD_ELSEWHERE: Final = frozenset({"id", "due_at", "marks_released_at", "revision"})


def follow_counting(follower: Follower) -> None:
    """Have the follower called when another attempt of everybody may count.

    It gets the actor, the assignment and the reason in words.
    """
    if follower not in _FOLLOWERS:
        _FOLLOWERS.append(follower)


def note_counting(*, actor: Actor, assignment: Assignment) -> None:
    """Call the followers: which attempt counts has another rule now."""
    for follower in _FOLLOWERS:
        follower(actor, assignment, f"{assignment.get_counting_display()} now.")


def record_settings(*, actor: Actor, before: Assignment, after: Assignment) -> None:
    """Put on record which settings are others than before, for staff.

    Students read that another attempt counts.
    """
    changed = [
        field
        for field in Assignment._meta.fields  # noqa: SLF001  Django's documented name
        if field.name not in _TOLD_ELSEWHERE
        and getattr(before, field.attname) != getattr(after, field.attname)
    ]
    if not changed:
        return
    if any(field.name == "counting" for field in changed):
        _tell_counting(actor, before, after)
    record_change(
        actor=actor,
        course=after.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The settings of {after.title} changed.",
        before="; ".join(_words(before, field) for field in changed),
        after="; ".join(_words(after, field) for field in changed),
        about=after,
    )


def _tell_counting(actor: Actor, before: Assignment, after: Assignment) -> None:
    record_change(
        actor=actor,
        course=after.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"{after.title}: {_small(after.get_counting_display())} now.",
        before=before.get_counting_display(),
        after=after.get_counting_display(),
        is_public=is_out(after.release_at, timezone.now()),
        about=after,
    )
    note_counting(actor=actor, assignment=after)


def _words(row: Assignment, field: Any) -> str:
    """Return a setting as people read it, such as `minutes of grace: 5`."""
    value = getattr(row, field.name)
    if field.get_internal_type() == "DateTimeField":
        value = None if value is None else moment_words(value, row.course.tz)
    if field.choices:
        value = dict(field.flatchoices).get(value, value)
    text = " ".join(str("none" if value in {None, ""} else value).split())
    return f"{field.verbose_name}: {text[:80]}"


def _small(words: str) -> str:
    return words[:1].lower() + words[1:]
