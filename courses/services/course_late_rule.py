"""Services that change a course's rule for late work, which its coursework follows."""

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from courses.late_rule_words import counted, rule_words
from courses.late_rules import rule_of
from courses.models import Course, CourseChange
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change
from courses.services.settings_changes import announce_course_marks_change
from formats.late_rule_checks import RULE_FIELDS

COURSE_RULE_FIELDS: Final = (*RULE_FIELDS, "late_days", "pass_mark")


@transaction.atomic
def save_late_rule(*, actor: Actor, course: Course) -> None:
    """Store the course's rule for late work, its late days and its pass mark.

    Nothing else of the course is stored. Raises PermissionDenied if the actor may not
    edit the course.
    """
    require_right(actor, Right.EDIT, course)
    stored = Course.objects.select_for_update().get(pk=course.pk)
    course.save(update_fields=COURSE_RULE_FIELDS)
    record_late_rule(actor=actor, before=stored, after=course)


def record_late_rule(*, actor: Actor, before: Any, after: Course) -> None:
    """Record a changed rule, and let marks follow it. Students read the change.

    `before` is the stored course, or its row of a course file.
    """
    if all(
        getattr(before, name) == getattr(after, name) for name in COURSE_RULE_FIELDS
    ):
        return
    record_change(
        actor=actor,
        course=after,
        kind=CourseChange.Kind.CONTENT,
        summary="The course's rule for late work changed.",
        before=course_rule_words(before),
        after=course_rule_words(after),
        is_public=is_released(after.release_at, timezone.now()),
    )
    announce_course_marks_change(
        actor=actor, course=after, reason="The course's rule for late work changed."
    )


def course_rule_words(row: Any) -> str:
    """Return a course's rule, pass mark and late days in words."""
    words = [*rule_words(rule_of(row), pass_mark=row.pass_mark)]
    if row.late_days:
        words.append(f"{counted(row.late_days, 'late day')} in the whole course.")
    return " ".join(words)
