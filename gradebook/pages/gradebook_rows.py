"""The rows of the gradebook: what each student has for each assessment, in words."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from django.db.models import Exists, OuterRef
from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Enrolment, GroupRelease
from gradebook.services.formula import Formula, Score
from gradebook.services.scores import CourseScores
from gradebook.services.student_codes import code_in_course
from gradebook.totals import NO_TOTAL, CourseTotal, rounded_half_up
from grading.models import Standing
from grading.services.aliases import codes_of_many
from grading.services.entered_marks import plain


@dataclass(frozen=True, kw_only=True)
class CellEntry:
    """The entered points of a cell, as they are written; empty if there are none."""

    assignment: int
    title: str
    seen: str


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What a student has for an assessment. `words` say what is there without a mark.

    `url` is the address of the page with the parts of the mark and its changes.
    `entry` is for marks that people enter.
    """

    points: Decimal | None = None
    words: str = ""
    is_below_pass: bool = False
    is_waiting: bool = False
    is_missing: bool = False
    has_mark: bool = False
    standing: Standing | None = None
    url: str = ""
    entry: CellEntry | None = None


@dataclass(frozen=True, kw_only=True)
class GradebookRow:
    """A student with their marks, in the order of the page's assignments.

    `code` stands in place of the name where names are hidden; otherwise it is empty.
    """

    student: User
    code: str
    module_code: str
    cells: tuple[Cell, ...]
    percent: Decimal | None
    exact: Fraction | None
    letter: str
    passes: bool | None
    is_below_pass: bool
    is_complete: bool
    lacks_code: bool = False

    @property
    def has_missing(self) -> bool:
        """Whether something is missing: nothing was handed in, and none is excused."""
        return any(cell.is_missing for cell in self.cells)

    def has_standing(self, standing: Standing) -> bool:
        """Return whether some mark of the student has this standing."""
        return any(cell.standing == standing for cell in self.cells)

    @property
    def is_waiting(self) -> bool:
        """Whether something waits for a marker."""
        return any(cell.is_waiting for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class Column:
    """An assessment, with what its head says."""

    assignment: Assignment
    possible: Decimal
    is_released: bool
    is_released_to_some: bool

    @property
    def release_words(self) -> str:
        """That the marks are not released to everybody, or empty."""
        if self.is_released:
            return ""
        return "released to some" if self.is_released_to_some else "not released"

    @property
    def key(self) -> str:
        """The value of `sort` that orders by this column."""
        return str(self.assignment.pk)

    @cached_property
    def histories(self) -> str:
        """The address of the pages of its marks, without the student at its end."""
        course = self.assignment.course.slug
        page = reverse("grading:mark-history", args=[course, self.assignment.slug, 0])
        return page.removesuffix("0/")


def columns_of(user: User, formula: Formula, now: dt.datetime) -> tuple[Column, ...]:
    """Return the assessments whose marks the person sees.

    SECURITY: while an assignment is marked apart, assistants see no marks of it.
    """
    of_groups = GroupRelease.objects.filter(
        assignment=OuterRef("pk"), released_at__lte=now
    )
    seen = dict(
        Assignment.objects.with_marks_seen_by(user)
        .filter(course=formula.course)
        .values_list("pk", Exists(of_groups.order_by()))
    )
    return tuple(
        Column(
            assignment=each,
            possible=formula.possible.get(each.pk, Decimal(0)),
            is_released=each.marks_released_at is not None
            and each.marks_released_at <= now,
            is_released_to_some=seen[each.pk],
        )
        for each in formula.assignments
        if each.pk in seen
    )


def row_of(
    scores: CourseScores,
    enrolment: Enrolment,
    columns: Sequence[Column],
    *,
    shows_totals: bool,
    sees_names: bool = True,
) -> GradebookRow:
    student = enrolment.user_id
    formula = scores.formula
    total = NO_TOTAL
    if shows_totals:
        total = scores.total(student, enrolment.module_code)
    exact = total.percent if not formula.problems else None
    return GradebookRow(
        student=enrolment.user,
        code="" if sees_names else code_in_course(formula.course, student),
        module_code=enrolment.module_code,
        cells=tuple(_cell(scores, column.assignment, student) for column in columns),
        percent=None
        if exact is None
        else rounded_half_up(exact, formula.course.total_decimals),
        exact=exact,
        letter=total.letter if exact is not None else "",
        passes=total.passes if exact is not None else None,
        is_below_pass=exact is not None and _is_below(formula, total),
        is_complete=total.is_complete,
        lacks_code=formula.lacks_code(enrolment.module_code),
    )


def as_on_a_page(
    scores: CourseScores,
    rows: Sequence[GradebookRow],
    columns: Sequence[Column],
    *,
    sees_names: bool,
) -> list[GradebookRow]:
    """Return the rows with the addresses of the marks' pages, and entered points.

    An address is that of the mark's parts and history. Where names are hidden, it is the page of the feedback, by the student's code. One
    query then.
    """
    codes = {}
    if not sees_names:
        codes = codes_of_many(
            {
                (column.assignment.pk, row.student.pk)
                for row in rows
                for column, cell in zip(columns, row.cells, strict=True)
                if cell.has_mark
            }
        )

    def url(row: GradebookRow, column: Column, cell: Cell) -> str:
        if sees_names:
            return f"{column.histories}{row.student.pk}/"
        if not cell.has_mark:
            return ""
        of = column.assignment
        code = codes[of.pk, row.student.pk]
        return reverse("grading:feedback-of", args=[of.course.slug, of.slug, code])

    return [
        replace(
            row,
            cells=tuple(
                replace(
                    cell,
                    url=url(row, column, cell),
                    entry=_entry(scores, column.assignment, row.student.pk),
                )
                for column, cell in zip(columns, row.cells, strict=True)
            ),
        )
        for row in rows
    ]


def _is_below(formula: Formula, total: CourseTotal) -> bool:
    """Return whether the student would fail with what there is so far."""
    is_low = total.percent is not None and total.percent < Fraction(
        formula.course.pass_mark
    )
    return is_low or bool(total.below_required)


def _cell(scores: CourseScores, assignment: Assignment, student: int) -> Cell:
    owner = assignment.pk, student
    mark, score = scores.marks.get(owner), scores.score(owner)
    if score.is_excused:
        return Cell(words="Excused", has_mark=True, standing=Standing.EXCUSED)
    if mark is not None and (score.is_withheld or not mark.is_complete):
        words = "withheld" if score.is_withheld else "waits for marking"
        return Cell(
            points=mark.points.final,
            words=words,
            is_waiting=True,
            has_mark=True,
            standing=Standing.WITHHELD if score.is_withheld else None,
        )
    if score.points is None:
        if owner in scores.without_result:
            return Cell(words="no result yet", is_waiting=True)
        return Cell(words="\N{EN DASH}")
    if owner in scores.missing:
        return Cell(points=score.points, words="nothing handed in", is_missing=True)
    is_absent = mark is not None and mark.decision == Standing.ABSENT
    return Cell(
        points=score.points,
        words="absent" if is_absent else "",
        standing=Standing.ABSENT if is_absent else None,
        is_missing=mark is not None and not mark.has_work,
        is_below_pass=_fails(assignment, score),
        has_mark=mark is not None,
    )


def _entry(
    scores: CourseScores, assignment: Assignment, student: int
) -> CellEntry | None:
    """Return the points that are entered, without what is added to them."""
    if not assignment.has_entered_marks:
        return None
    mark = scores.marks.get((assignment.pk, student))
    is_entered = mark is not None and mark.has_work
    return CellEntry(
        assignment=assignment.pk,
        title=assignment.title,
        seen=plain(mark.points.manual) if mark and is_entered else "",
    )


def _fails(assignment: Assignment, score: Score) -> bool:
    """Return whether the points are below the assignment's pass mark."""
    if score.points is None or not score.possible:
        return False
    return score.points * 100 < score.possible * assignment.pass_percent
