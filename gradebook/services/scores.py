"""What students have for the assignments of a course, as staff see it."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

from courses.deadlines import deadline_of
from courses.extra_time import NO_EXTRA_TIME, ExtraTime
from courses.models import (
    Accommodation,
    Assignment,
    Course,
    Enrolment,
    Extension,
    ExtensionRequest,
    GroupRelease,
)
from gradebook.services.formula import Formula, Score
from gradebook.totals import CourseTotal
from grading.services.final_marks import FinalMark, final_marks
from grading.services.lateness import Owner
from submissions.models import OpenedAttempt, Submission

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class CourseScores:
    """The marks of students in a course, whether they are released or not.

    `marks` are by assignment and student. Somebody in `missing` has handed in nothing
    and can no longer do so, and the marks are out: that counts as 0. The work of
    somebody in `without_result` has no result, so nothing is known to count.
    """

    formula: Formula
    marks: Mapping[Owner, FinalMark]
    missing: frozenset[Owner]
    without_result: frozenset[Owner] = frozenset()

    def of(self, student: int) -> dict[int, Score]:
        """Return what the student has by the assignment's id."""
        return {
            each.pk: self.score((each.pk, student)) for each in self.formula.assignments
        }

    def score(self, owner: Owner) -> Score:
        """Return what the student has for the assignment."""
        mark = self.marks.get(owner)
        if mark is None:
            return Score(_ZERO) if owner in self.missing else Score()
        if mark.is_excused:
            return Score(possible=mark.possible, is_excused=True)
        if mark.is_withheld:
            return Score(possible=mark.possible, is_withheld=True)
        if not mark.is_complete:
            return Score(possible=mark.possible)
        return Score(mark.points.final, mark.possible)

    def total(self, student: int, module_code: str = "") -> CourseTotal:
        """Return the student's total from all marks, also those not yet released."""
        return self.formula.total(self.of(student), module_code)


def load_scores(
    formula: Formula, students: Collection[int], *, now: dt.datetime
) -> CourseScores:
    """Return the marks of these students. The number of queries does not grow."""
    assignments = formula.assignments
    marks = final_marks(assignments, students, possible=formula.revision_points)
    handed_in: frozenset[Owner] = frozenset(
        Submission.objects.filter(assignment__in=assignments, author__in=students)
        .order_by()
        .values_list("assignment", "author")
        .distinct()
    )
    missing = _missing(formula.course, assignments, students, now=now)
    return CourseScores(
        formula=formula,
        marks=marks,
        missing=missing - marks.keys() - handed_in,
        without_result=handed_in - marks.keys(),
    )


def _missing(
    course: Course,
    assignments: Sequence[Assignment],
    students: Collection[int],
    *,
    now: dt.datetime,
) -> frozenset[Owner]:
    """Return for whom the marks are out, so that they would have one. Five queries.

    SECURITY: the marks are out for a student as they are on the student's own page:
    not while the portal may still take their work (`grading.services.view_times`).

    Where people enter the marks, a mark that is not entered is never 0.
    """
    out = _Releases.load(course, assignments, now=now)
    released = [
        each
        for each in assignments
        if out.is_out_for_some(each) and not each.has_entered_marks
    ]
    extra = extra_times(course, released) if released else {}
    opened = set(
        OpenedAttempt.objects.unfinished()
        .filter(assignment__in=released, expires_at__gt=now)
        .order_by()
        .values_list("assignment", "author")
    )
    return frozenset(
        (each.pk, student)
        for each in released
        for student in students
        if out.is_out(each, student)
        and (each.pk, student) not in opened
        and deadline_of(
            each, extra.get((each.pk, student), NO_EXTRA_TIME)
        ).results_wait_until
        < now
    )


@dataclass(frozen=True, kw_only=True)
class _Releases:
    """For which students the marks of assignments are out: for all, or by group.

    `groups` are assignments with module codes, and `codes` those of students.
    """

    everybody: frozenset[int]
    groups: frozenset[tuple[int, str]]
    codes: Mapping[int, str]

    @classmethod
    def load(
        cls, course: Course, assignments: Sequence[Assignment], *, now: dt.datetime
    ) -> "_Releases":
        """Return the releases until now. One query, two if a group has one."""
        rows = GroupRelease.objects.filter(
            assignment__in=assignments, released_at__lte=now
        ).order_by()
        groups = frozenset(rows.values_list("assignment", "module_code"))
        students = Enrolment.objects.filter(course=course).order_by()
        return cls(
            everybody=frozenset(
                each.pk
                for each in assignments
                if each.marks_released_at is not None and each.marks_released_at <= now
            ),
            groups=groups,
            codes=dict(students.values_list("user", "module_code")) if groups else {},
        )

    def is_out_for_some(self, assignment: Assignment) -> bool:
        """Return whether the marks are out for anybody."""
        return assignment.pk in self.everybody or any(
            pk == assignment.pk for pk, _ in self.groups
        )

    def is_out(self, assignment: Assignment, student: int) -> bool:
        """Return whether the marks are out for the student."""
        key = assignment.pk, self.codes.get(student, "")
        return assignment.pk in self.everybody or key in self.groups


def extra_times(
    course: Course, assignments: Sequence[Assignment]
) -> dict[Owner, ExtraTime]:
    """Return the extra time of those who have some, by assignment and student."""
    standing = {
        student: ExtraTime(hours=hours, percent=percent)
        for student, hours, percent in Accommodation.objects.filter(course=course)
        .order_by()
        .values_list("student", "hours", "percent")
    }
    found = {
        (each.pk, student): extra
        for each in assignments
        for student, extra in standing.items()
    }
    extensions = Extension.objects.filter(assignment__in=assignments).order_by()
    for assignment, student, due_at in extensions.values_list(
        "assignment", "student", "due_at"
    ):
        own = found.get((assignment, student), NO_EXTRA_TIME)
        found[assignment, student] = replace(own, extended_to=due_at)
    asked = ExtensionRequest.objects.open().filter(assignment__in=assignments)
    for assignment, student, made_at, wished in asked.order_by().values_list(
        "assignment", "student", "made_at", "wished_due_at"
    ):
        own = found.get((assignment, student), NO_EXTRA_TIME)
        found[assignment, student] = replace(own, asked_at=made_at, asked_until=wished)
    return found
