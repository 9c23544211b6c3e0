"""What new settings of an assignment would change in stored work, shown before saving.

It is computed by the same code that computes marks, and nothing is written.
"""

import copy
import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count

from accounts.models import User
from courses.deadlines import deadline_of, is_late, is_open
from courses.models import Assignment, Course
from courses.services.settings_changes import changed_mark_settings
from courses.wall_clock import moment_words
from grading.services.lateness import AS_STORED, AssumedSettings
from grading.services.mark_previews import MarkPreview, preview_assumed
from grading.services.plan_digest import plan_digest
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class LatenessChange:
    """An attempt that becomes late, or is no longer late."""

    assignment: Assignment
    student: User
    attempt: int
    becomes_late: bool


@dataclass(frozen=True, kw_only=True)
class SettingsPlan:
    """What the new settings would change.

    `marks` are the marks that would differ, `lateness` the attempts that would become
    late or on time, and `words` are sentences on who may still hand in.
    """

    marks: tuple[MarkPreview, ...]
    lateness: tuple[LatenessChange, ...]
    words: tuple[str, ...]

    @property
    def become_late(self) -> int:
        """The number of attempts that become late."""
        return sum(row.becomes_late for row in self.lateness)

    @property
    def become_on_time(self) -> int:
        """The number of attempts that are no longer late."""
        return len(self.lateness) - self.become_late

    @property
    def digest(self) -> str:
        """A digest of the plan, to tell whether it is still what somebody saw."""
        late = [
            (row.assignment.pk, row.student.pk, row.attempt, row.becomes_late)
            for row in self.lateness
        ]
        return plan_digest((shown_marks(self.marks), late, self.words))

    @property
    def is_empty(self) -> bool:
        """Whether it changes nothing that somebody has to look at."""
        return not (self.marks or self.lateness or self.words)


def plan_settings(
    *, before: Assignment, after: Assignment, now: dt.datetime
) -> SettingsPlan:
    """Return what storing `after` in the place of `before` would change.

    At most seven queries.
    """
    return SettingsPlan(
        marks=_marks(before, after),
        lateness=lateness_changes(
            [before], AssumedSettings(assignments={after.pk: after})
        ),
        words=(*_open_words(before, after, now), *_attempt_words(before, after)),
    )


def _marks(before: Assignment, after: Assignment) -> tuple[MarkPreview, ...]:
    if not changed_mark_settings(before, after):
        return ()
    assumed = AssumedSettings(assignments={after.pk: after})
    return preview_assumed(affected_assignments(before), assumed)


def affected_assignments(assignment: Assignment) -> list[Assignment]:
    """Return the assignments whose marks depend on the settings of this one.

    These are all of the course if students have late days: what they use here, they do
    not have later.
    """
    if not assignment.course.late_days:
        return [assignment]
    return list(assignment.course.assignments.all())


def plan_late_rule(*, before: Course, after: Course) -> SettingsPlan:
    """Return what the course's new rule for late work would change: marks alone."""
    assignments = list(before.assignments.all())
    assumed = {}
    for stored in assignments:
        changed = copy.copy(stored)
        changed.course = after
        assumed[stored.pk] = changed
    marks = preview_assumed(assignments, AssumedSettings(assignments=assumed))
    return SettingsPlan(marks=marks, lateness=(), words=())


def shown_marks(rows: Iterable[MarkPreview]) -> list[tuple[object, ...]]:
    """Return what a plan shows of marks, for its digest."""
    return [(row.assignment.pk, row.student.pk, row.before, row.after) for row in rows]


def lateness_changes(
    assignments: Iterable[Assignment],
    assumed: AssumedSettings,
    *,
    students: Collection[int] | None = None,
) -> tuple[LatenessChange, ...]:
    """Return the attempts that would become late or on time with these settings.

    The assignments are as stored. With `students`, only attempts of these. One query.
    """
    stored = {each.pk: each for each in assignments}
    rows: Any = (
        Submission.objects.filter(assignment__in=stored)
        .with_extra_time()
        .select_related("author")
        .order_by("author__last_name", "author__first_name", "author", "attempt")
    )
    found = []
    for row in rows if students is None else rows.filter(author__in=students):
        assignment = stored[row.assignment_id]
        was, becomes = (
            is_late(
                settings.deadline(assignment, row.author_id, row.extra_time),
                row.received_at,
            )
            for settings in (AS_STORED, assumed)
        )
        if was != becomes:
            found.append(
                LatenessChange(
                    assignment=assignment,
                    student=row.author,
                    attempt=row.attempt,
                    becomes_late=becomes,
                )
            )
    return tuple(found)


def _open_words(
    before: Assignment, after: Assignment, now: dt.datetime
) -> tuple[str, ...]:
    """Return sentences if handing in, without an extension, ends or reopens now."""
    was, becomes = (is_open(deadline_of(each), now) for each in (before, after))
    if was and not becomes:
        return ("Students can no longer hand in, unless they have an extension.",)
    if was or not becomes:
        return ()
    until = moment_words(deadline_of(after).stated_closes_at, after.course.tz)
    again = f"Students can hand in again until {until}."
    if not before.marks_are_out:
        return (again,)
    return (again, "Until then, they see their marks as provisional.")


def _attempt_words(before: Assignment, after: Assignment) -> tuple[str, ...]:
    """Return a sentence on the students who would lose their last attempts."""
    if after.max_attempts is None or after.max_attempts == before.max_attempts:
        return ()
    used = (
        Submission.objects.filter(assignment=before)
        .using_attempts()
        .order_by()
        .values("author")
        .annotate(used=Count("pk"))
        .filter(used__gte=after.max_attempts)
        .values_list("used", flat=True)
    )
    count = sum(before.max_attempts is None or n < before.max_attempts for n in used)
    if not count:
        return ()
    have = "1 student has" if count == 1 else f"{count} students have"
    return (f"{have} no attempt left.",)
