"""The statistics of a course: the marks of each assessment, and exam and coursework."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from accounts.models import User
from courses.models import Assignment, Course
from formats.choices import ComponentKind
from gradebook.class_statistics import Bin, Summary, correlation, histogram, summary
from gradebook.pages.gradebook_rows import columns_of
from gradebook.services.assignment_numbers import mean_shares, share_of, students_of
from gradebook.services.formula import Formula, load_formula
from grading.services.final_marks import FinalMark, final_marks

# The table beside the pairs has so many rows and columns.
_FIFTHS: Final = 5
_WIDTH: Final = 20


@dataclass(frozen=True, kw_only=True)
class AssessmentRow:
    """An assessment with its marks in percent."""

    assignment: Assignment
    bins: tuple[Bin, ...]
    numbers: Summary | None


@dataclass(frozen=True, kw_only=True)
class ExamPairs:
    """Each student's coursework and exam in percent, and how they go together.

    `table` counts students by fifths: a row for each fifth of the exam, the best first,
    with a number for each fifth of the coursework.
    """

    pairs: tuple[tuple[float, float], ...]
    correlation: float | None

    @property
    def heads(self) -> tuple[str, ...]:
        """The fifths of the coursework in words."""
        return tuple(_words(index) for index in range(_FIFTHS))

    @property
    def table(self) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The counts of students, by fifths."""
        found = [(_fifth(x), _fifth(y)) for x, y in self.pairs]
        return tuple(
            (_words(up), tuple(found.count((across, up)) for across in range(_FIFTHS)))
            for up in reversed(range(_FIFTHS))
        )


@dataclass(frozen=True, kw_only=True)
class CourseStatisticsPage:
    """The page. `hidden` says whether the viewer does not see all assessments."""

    students: int
    rows: tuple[AssessmentRow, ...]
    exam: ExamPairs | None
    has_hidden: bool


def course_statistics_page(
    *, user: User, course: Course, now: dt.datetime
) -> CourseStatisticsPage:
    """Return the statistics. The number of queries does not grow with the students.

    SECURITY: only of assessments whose marks the person sees.
    """
    formula = load_formula(course)
    columns = columns_of(user, formula, now)
    assignments = [column.assignment for column in columns]
    students = students_of(course.pk)
    marks = _by_assignment(assignments, final_marks(assignments, students))
    return CourseStatisticsPage(
        students=len(students),
        rows=tuple(_row(each, marks[each.pk]) for each in assignments),
        exam=_exam(formula, marks),
        has_hidden=len(columns) < len(formula.assignments),
    )


def _by_assignment(
    assignments: Sequence[Assignment], marks: Mapping[tuple[int, int], FinalMark]
) -> dict[int, dict[int, FinalMark]]:
    found: dict[int, dict[int, FinalMark]] = {each.pk: {} for each in assignments}
    for (assignment, student), mark in marks.items():
        if mark.is_complete and not mark.is_excused and mark.possible > Decimal(0):
            found[assignment][student] = mark
    return found


def _row(assignment: Assignment, marks: Mapping[int, FinalMark]) -> AssessmentRow:
    shares = [share_of(mark) for mark in marks.values()]
    return AssessmentRow(
        assignment=assignment, bins=histogram(shares), numbers=summary(shares)
    )


def _exam(
    formula: Formula, marks: Mapping[int, Mapping[int, FinalMark]]
) -> ExamPairs | None:
    """Return coursework against exam, or None if the course does not have both.

    Who lacks a mark of either is left out.
    """
    kinds: dict[str, dict[int, Mapping[int, FinalMark]]] = {}
    for share in formula.shares:
        kind = share.component.kind if share.component else ComponentKind.COURSEWORK
        for each in share.assignments:
            if marks.get(each.pk):
                kinds.setdefault(kind, {})[each.pk] = marks[each.pk]
    if not {ComponentKind.EXAM, ComponentKind.COURSEWORK} <= kinds.keys():
        return None
    exam = mean_shares(kinds[ComponentKind.EXAM])
    coursework = mean_shares(kinds[ComponentKind.COURSEWORK])
    both = sorted(exam.keys() & coursework.keys())
    pairs = tuple((coursework[each], exam[each]) for each in both)
    return ExamPairs(pairs=pairs, correlation=correlation(pairs)) if pairs else None


def _fifth(share: float) -> int:
    return min(max(int(share // _WIDTH), 0), _FIFTHS - 1)


def _words(index: int) -> str:
    return f"{index * _WIDTH} to {(index + 1) * _WIDTH} %"
