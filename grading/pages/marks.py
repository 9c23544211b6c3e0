"""One's own marks in a course."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from django.db.models import Sum
from django_stubs_ext import WithAnnotations

from accounts.models import User
from courses.annotations import WithExtraTime
from courses.deadlines import deadline_of
from courses.models import Assignment, Component, Course
from courses.pages.todo import total_of_shares
from courses.permissions import Right, rights_in
from grading.models import GradingRun, Mark
from grading.services import ShownMark, load_counting_runs, show_mark


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """An assignment and what may be shown of the mark for it.

    `parts` is the stored mark with every column, and `counting` the run that counts.
    Both are None as long as they could tell what a hidden check found.
    """

    assignment: Assignment
    possible: Decimal
    shown: ShownMark | None
    counting: GradingRun | None
    parts: Mark | None


@dataclass(frozen=True, kw_only=True)
class ComponentShare:
    """A component of the course mark, with its assignments that the person sees."""

    component: Component
    assignments: tuple[Assignment, ...]

    @property
    def lacks_shares(self) -> bool:
        """Whether the component has an assignment without a share of its own."""
        return any(not each.weight_percent for each in self.assignments)

    @property
    def split_total(self) -> Decimal:
        """The sum of the shares of the component's assignments."""
        return sum((each.weight_percent for each in self.assignments), Decimal(0))

    @property
    def shares_do_not_add_up(self) -> bool:
        """Whether its assignments' shares do not add up to the component's share."""
        is_split = bool(self.assignments) and not self.lacks_shares
        return is_split and self.split_total != self.component.weight_percent


@dataclass(frozen=True, kw_only=True)
class MarksPage:
    course: Course
    shares: tuple[ComponentShare, ...]
    # Assignments with a share of the course mark that belong to no component.
    without_component: tuple[Assignment, ...]
    rows: tuple[MarkRow, ...]
    is_student: bool
    sees_all_work: bool
    may_edit: bool

    @property
    def shares_total(self) -> Decimal:
        """The sum of all shares of the course mark."""
        components = (share.component for share in self.shares)
        return total_of_shares(components, (row.assignment for row in self.rows))


def marks_page(*, user: User, course: Course, now: dt.datetime) -> MarksPage:
    """Return every assignment that the person sees, with their own mark.

    The number of queries does not grow with the assignments, except with those whose
    best attempt counts.
    """
    marks = _own_marks(user, course)
    assignments = (
        Assignment.objects.visible_to(user)
        .filter(course=course)
        .with_extra_time_of(user)
        .select_related("course", "component")
    )
    possible = dict(
        assignments.order_by()
        .values_list("pk")
        .annotate(Sum("revision__questions__points", default=Decimal(0)))
    )
    rights = rights_in(user, course)
    rows = tuple(
        _row(
            assignment,
            possible=possible[assignment.pk],
            mark=marks.get(assignment.pk),
            now=now,
        )
        for assignment in assignments
    )
    return MarksPage(
        course=course,
        shares=_shares(course, [row.assignment for row in rows]),
        without_component=tuple(
            row.assignment
            for row in rows
            if row.assignment.component_id is None and row.assignment.weight_percent
        ),
        rows=rows,
        is_student=Right.SUBMIT in rights,
        sees_all_work=Right.VIEW_ALL_WORK in rights,
        may_edit=Right.EDIT in rights,
    )


def _shares(
    course: Course, assignments: Sequence[Assignment]
) -> tuple[ComponentShare, ...]:
    return tuple(
        ComponentShare(
            component=component,
            assignments=tuple(
                each for each in assignments if each.component_id == component.pk
            ),
        )
        for component in course.components.all()
    )


def _own_marks(user: User, course: Course) -> dict[int, Mark]:
    marks = (
        Mark.objects.visible_to(user)
        .filter(student=user, assignment__course=course)
        .select_related("assignment")
    )
    attached = load_counting_runs(marks, "results", "revision__questions")
    return {mark.assignment_id: mark for mark in attached}


def _row(
    assignment: Assignment,
    *,
    possible: Decimal,
    mark: Mark | None,
    now: dt.datetime,
) -> MarkRow:
    shown = None
    if mark is not None:
        row = cast("WithAnnotations[Assignment, WithExtraTime]", assignment)
        own = deadline_of(assignment, row.extra_time)
        shown = show_mark(mark, closes_at=own.results_wait_until, now=now)
    if shown is None or not shown.is_known:
        return MarkRow(
            assignment=assignment,
            possible=possible,
            shown=None,
            counting=None,
            parts=None,
        )
    return MarkRow(
        assignment=assignment,
        possible=possible,
        shown=shown,
        counting=shown.counting,
        # SECURITY: the columns of a provisional mark include hidden checks.
        parts=mark if shown.is_whole else None,
    )
