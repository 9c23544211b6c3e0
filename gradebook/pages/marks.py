"""One's own marks in a course, and the total from what is released so far."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, cast

from django.db.models import Exists, OuterRef
from django_stubs_ext import WithAnnotations

from accounts.models import User
from courses.annotations import WithOwnTimes
from courses.deadlines import deadline_of
from courses.models import Assignment, Course, Enrolment
from courses.permissions import Right, rights_in
from gradebook.pages.course_total import TotalTable, told_to_student, total_table
from gradebook.services.formula import Formula, Score, Share, formula_of
from grading.mark_points import MarkPoints
from grading.models import GradingRun, Mark
from grading.services import ShownMark, load_counting_runs, show_mark
from grading.services.view_times import OwnRelease, view_times
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class MarkRow:
    """An assignment and what may be shown of the mark for it.

    `parts` are all parts of the mark, and `counting` is the run that counts. Both are None as long as they could tell what a hidden check found. `score` is what
    counts in the total: nothing before the release to this student.
    """

    assignment: Assignment
    possible: Decimal
    shown: ShownMark | None
    counting: GradingRun | None
    parts: MarkPoints | None
    score: Score

    @property
    def is_missing(self) -> bool:
        """Whether the marks are out, and nothing was handed in."""
        return self.shown is None and self.score.points is not None


@dataclass(frozen=True, kw_only=True)
class MarksPage:
    course: Course
    formula: Formula
    rows: tuple[MarkRow, ...]
    is_student: bool
    sees_all_work: bool
    may_edit: bool
    may_manage_marks: bool
    total: TotalTable | None = None
    module_code: str = ""
    # Each part with those of its assignments that the person sees.
    shares: tuple[tuple[Share, tuple[Assignment, ...]], ...] = field(default=())


def marks_page(
    *,
    user: User,
    course: Course,
    now: dt.datetime,
    assumed: Mapping[int, Decimal] | None = None,
) -> MarksPage:
    """Return every assignment that the person sees, with their own mark.

    `assumed` are points that the person assumes for assignments without a released
    mark, by the assignment's id. The number of queries does not grow with the
    assignments, except with those whose best attempt counts.
    """
    marks = _own_marks(user, course)
    seen = Assignment.objects.visible_to(user).filter(pk=OuterRef("pk")).order_by()
    work = Submission.objects.filter(assignment=OuterRef("pk"), author=user).order_by()
    everything: Any = (
        Assignment.objects.filter(course=course)
        .with_extra_time_of(user)
        .with_group_release_of(user)
        .annotate(is_seen=Exists(seen), has_work=Exists(work))
        .select_related("course", "component")
    )
    formula = formula_of(course, list(everything))
    # SECURITY: hidden assignments keep the total open, and are not named.
    assignments = [each for each in everything if each.is_seen]
    visible = {each.pk for each in assignments}
    rights = rights_in(user, course)
    rows = tuple(
        _row(
            assignment,
            user,
            possible=formula.possible[assignment.pk],
            mark=marks.get(assignment.pk),
            has_work=assignment.has_work,
            now=now,
        )
        for assignment in assignments
    )
    is_student = Right.SUBMIT in rights
    module_code = _module_code(user, formula) if is_student else ""
    return MarksPage(
        course=course,
        formula=formula,
        shares=formula.seen(visible),
        rows=rows,
        is_student=is_student,
        sees_all_work=Right.VIEW_ALL_WORK in rights,
        may_edit=Right.EDIT in rights,
        may_manage_marks=Right.MANAGE_MARKS in rights,
        total=_total(formula, rows, module_code, assumed or {}) if is_student else None,
        module_code=module_code,
    )


def _total(
    formula: Formula,
    rows: Sequence[MarkRow],
    module_code: str,
    assumed: Mapping[int, Decimal],
) -> TotalTable:
    total = total_table(
        formula,
        {row.assignment.pk: row.score for row in rows},
        module_code=module_code,
        assumed=assumed,
    )
    return told_to_student(total)


def _module_code(user: User, formula: Formula) -> str:
    """Return the student's module code, if their parts depend on it. One query."""
    if not any(share.module_code for share in formula.shares):
        return ""
    enrolments = Enrolment.objects.filter(course=formula.course, user=user)
    codes = list(enrolments.order_by().values_list("module_code", flat=True))
    return codes[0] if codes else ""


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
    student: User,
    *,
    possible: Decimal,
    mark: Mark | None,
    has_work: bool,
    now: dt.datetime,
) -> MarkRow:
    row = cast("WithAnnotations[Assignment, WithOwnTimes]", assignment)
    closes_at = deadline_of(assignment, row.extra_time).results_wait_until
    own = OwnRelease.of(
        assignment,
        group_released_at=row.group_released_at,
        # What is decided shows only with a mark.
        standing=mark.standing if mark else "",
    )
    shown = (
        None if mark is None else show_mark(mark, closes_at=closes_at, now=now, own=own)
    )
    if shown is None or not shown.is_known:
        times = view_times(
            assignment, student.pk, closes_at=closes_at, now=now, own=own
        )
        waits = has_work or assignment.has_entered_marks
        is_missing = times.is_released and not waits
        return MarkRow(
            assignment=assignment,
            possible=possible,
            shown=None,
            counting=None,
            parts=None,
            # Who handed in nothing has nothing, once all others know what they have.
            score=Score(Decimal(0), possible) if is_missing else Score(),
        )
    return MarkRow(
        assignment=assignment,
        possible=possible,
        shown=shown,
        counting=shown.counting,
        # SECURITY: the parts of a provisional mark include hidden checks.
        parts=shown.parts if shown.is_whole else None,
        score=_score(shown),
    )


def _score(shown: ShownMark) -> Score:
    """Return what counts of a mark: nothing before it is released and complete."""
    if shown.is_withheld:
        return Score(possible=shown.points, is_withheld=True)
    if shown.is_provisional or shown.waits_for_marking:
        return Score(possible=shown.points)
    return Score(shown.earned, shown.points, shown.is_excused)
