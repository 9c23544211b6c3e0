"""What extensions, accommodations and moved deadlines would change, before they do."""

import copy
import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from accounts.models import User
from courses.models import Accommodation, Assignment, Course, Extension
from courses.services.outages import OutagePlan
from courses.services.shift_plan import RowKind
from grading.services.lateness import AssumedSettings
from grading.services.mark_previews import preview_assumed
from grading.services.settings_plan import (
    SettingsPlan,
    affected_assignments,
    lateness_changes,
)


def plan_extensions(
    *, assignment: Assignment, due_at: Mapping[int, dt.datetime | None]
) -> SettingsPlan:
    """Return what these extended deadlines would change, by the students' ids.

    None is a deadline without an extension.
    """
    return _plan_due_dates(
        {assignment.pk: assignment},
        {(assignment.pk, student): at for student, at in due_at.items()},
    )


def plan_accommodation(
    *, course: Course, student: User, hours: int, percent: int
) -> SettingsPlan:
    """Return what this accommodation would change; twice 0 is none."""
    return _plan_accommodations({(course.pk, student.pk): (hours, percent)})


def plan_saved_extension(row: Extension) -> SettingsPlan:
    """Return what storing this row would change, which may be new or changed."""
    due_at: dict[tuple[int, int], dt.datetime | None] = {}
    assignments = {row.assignment_id: row.assignment}
    stored = Extension.objects.filter(pk=row.pk).select_related("assignment__course")
    for each in stored:
        # Somebody else's until now, perhaps.
        due_at[each.assignment_id, each.student_id] = None
        assignments.setdefault(each.assignment_id, each.assignment)
    due_at[row.assignment_id, row.student_id] = row.due_at
    return _plan_due_dates(assignments, due_at)


def plan_withdrawn_extensions(rows: Iterable[Extension]) -> SettingsPlan:
    """Return what withdrawing these extensions would change."""
    found = list(
        Extension.objects.filter(pk__in=[row.pk for row in rows]).select_related(
            "assignment__course"
        )
    )
    return _plan_due_dates(
        {row.assignment_id: row.assignment for row in found},
        {(row.assignment_id, row.student_id): None for row in found},
    )


def _plan_due_dates(
    assignments: Mapping[int, Assignment],
    due_at: Mapping[tuple[int, int], dt.datetime | None],
) -> SettingsPlan:
    """Return what these extended deadlines would change, by assignment and student."""
    affected = {
        each.pk: each
        for assignment in assignments.values()
        for each in affected_assignments(assignment)
    }
    return plan_assumed(
        list(assignments.values()),
        AssumedSettings(extensions=due_at),
        students={student for _, student in due_at},
        affected=list(affected.values()),
    )


def plan_saved_accommodation(row: Accommodation) -> SettingsPlan:
    """Return what storing this row would change, which may be new or changed."""
    stored = Accommodation.objects.filter(pk=row.pk).values_list("course", "student")
    # Somebody else's until now, perhaps.
    extra = dict.fromkeys(stored, (0, 0))
    extra[row.course_id, row.student_id] = (row.hours, row.percent)
    return _plan_accommodations(extra)


def plan_withdrawn_accommodations(rows: Iterable[Accommodation]) -> SettingsPlan:
    """Return what withdrawing these accommodations would change."""
    return _plan_accommodations(
        {(row.course_id, row.student_id): (0, 0) for row in rows}
    )


def _plan_accommodations(
    extra: Mapping[tuple[int, int], tuple[int, int]],
) -> SettingsPlan:
    """Return what this extra time would change, by course and student."""
    courses = {course for course, _ in extra}
    assignments = Assignment.objects.filter(course__in=courses)
    return plan_assumed(
        list(assignments.select_related("course")),
        AssumedSettings(accommodations=extra),
        students={student for _, student in extra},
    )


def plan_assumed(
    assignments: Sequence[Assignment],
    assumed: AssumedSettings,
    *,
    students: Collection[int] | None = None,
    affected: Sequence[Assignment] = (),
) -> SettingsPlan:
    """Return the marks and the lateness that these settings would change.

    With `students`, only theirs. `affected` are the assignments whose marks may change,
    where they are more than the assignments themselves.
    """
    return SettingsPlan(
        marks=preview_assumed(affected or assignments, assumed, students=students),
        lateness=lateness_changes(assignments, assumed, students=students),
        words=(),
    )


def plan_moved_deadlines(plan: OutagePlan) -> SettingsPlan:
    """Return what the moved deadlines of an outage would change."""
    stored = {
        each.pk: each for each in plan.course.assignments.select_related("course")
    }
    changed: dict[int, Assignment] = {}
    extensions: dict[tuple[int, int], dt.datetime | None] = {
        (each.assignment.pk, each.student.pk): each.after for each in plan.grants
    }
    owners = {
        pk: (assignment, student)
        for pk, assignment, student in Extension.objects.filter(
            assignment__in=stored
        ).values_list("pk", "assignment", "student")
    }
    for move in plan.moves:
        if move.noun is RowKind.ASSIGNMENT:
            row = changed.setdefault(move.pk, copy.copy(stored[move.pk]))
            setattr(row, move.field, move.after)
        elif isinstance(move.after, dt.datetime):
            extensions[owners[move.pk]] = move.after
    assumed = AssumedSettings(assignments=changed, extensions=extensions)
    return plan_assumed(list(stored.values()), assumed)
