"""The gradebook as tables for other programs: all marks, or columns that they know."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal

from django.core.exceptions import PermissionDenied

from accounts.models import User
from courses.models import Course
from formats.choices import Choice
from formats.spreadsheets import Cell
from gradebook.pages.gradebook import Everybody, load_everybody
from gradebook.pages.gradebook_rows import Cell as MarkCell
from gradebook.pages.gradebook_rows import Column, GradebookRow
from grading.models import GradingRun
from grading.services.final_marks import FinalMark


class TableKind(Choice):
    """What a file of the gradebook has."""

    MARKS = "marks", "All marks"
    REGISTRY = "registry", "For the registry"
    NBGRADER = "nbgrader", "With nbgrader's columns"


_PEOPLE: tuple[Cell, ...] = (
    "email",
    "login",
    "last_name",
    "first_name",
    "module_code",
)
# Where names are hidden.
_CODED: tuple[Cell, ...] = ("code", "module_code")
_TOTAL: tuple[Cell, ...] = ("total_percent", "letter", "passed", "is_complete")
_REGISTRY: tuple[Cell, ...] = (
    "module_code",
    "academic_year",
    "login",
    "last_name",
    "first_name",
    "email",
    "mark",
    "grade",
    "result",
)


# The columns of nbgrader's own export.
_NBGRADER: tuple[Cell, ...] = (
    "assignment",
    "duedate",
    "timestamp",
    "student_id",
    "last_name",
    "first_name",
    "email",
    "raw_score",
    "late_submission_penalty",
    "score",
    "max_score",
)


def gradebook_table(
    *, user: User, course: Course, kind: TableKind, now: dt.datetime
) -> list[tuple[Cell, ...]]:
    """Return the table, with the names of its columns first and everybody by name.

    Where names are hidden from the person, it has codes. Then PermissionDenied is raised
    for the tables of other systems, which are made of names.
    """
    everybody = load_everybody(user=user, course=course, now=now)
    if kind != TableKind.MARKS and not everybody.sees_names:
        raise PermissionDenied
    if kind == TableKind.NBGRADER:
        return [_NBGRADER, *_nbgrader_rows(everybody)]
    columns, rows = everybody.columns, everybody.rows
    shows_totals = everybody.shows_totals
    if kind == TableKind.REGISTRY:
        return [
            _REGISTRY,
            *(_registry_row(course, row, shows_totals=shows_totals) for row in rows),
        ]
    heads = [
        f"{column.assignment.title} ({column.possible.normalize():f})"
        for column in columns
    ]
    return [
        (
            *(_PEOPLE if everybody.sees_names else _CODED),
            *heads,
            *(_TOTAL if shows_totals else ()),
        ),
        *(_row(columns, row, shows_totals=shows_totals) for row in rows),
    ]


def _row(
    columns: Sequence[Column], row: GradebookRow, *, shows_totals: bool
) -> tuple[Cell, ...]:
    return (
        *_person(row),
        *(_mark(cell) for cell in row.cells),
        *(_total(row) if shows_totals else ()),
    )


def _person(row: GradebookRow) -> tuple[Cell, ...]:
    """Return who a row is about: the student, or their code where names are hidden."""
    student = row.student
    if row.code:
        return row.code, row.module_code
    return (
        student.email,
        student.login,
        student.last_name,
        student.first_name,
        row.module_code,
    )


def _mark(cell: MarkCell) -> Cell:
    """Return the points, or the words where there are none: never a dash.

    Points that are not all given yet look like a mark in a table, so words stand there.
    """
    if cell.points is not None and not cell.is_waiting:
        return cell.points
    return cell.words if cell.words[:1].isalpha() else ""


def _total(row: GradebookRow) -> tuple[Cell, ...]:
    passed = "" if row.passes is None else ("yes" if row.passes else "no")
    is_complete = "yes" if row.is_complete else "no"
    return ("" if row.percent is None else row.percent, row.letter, passed, is_complete)


def _registry_row(
    course: Course, row: GradebookRow, *, shows_totals: bool
) -> tuple[Cell, ...]:
    """Return what a registry stores of a student: a mark only if it is complete."""
    student = row.student
    is_final = shows_totals and row.is_complete and row.percent is not None
    result = "passed" if row.passes else "failed"
    return (
        row.module_code or course.codes,
        course.academic_year,
        student.login,
        student.last_name,
        student.first_name,
        student.email,
        row.percent if is_final else "",
        row.letter if is_final else "",
        result if is_final else "not complete",
    )


def _nbgrader_rows(everybody: Everybody) -> Iterator[tuple[Cell, ...]]:
    """Yield a row for each assessment and student, with zeros for nothing, as nbgrader.

    A mark that is excused, withheld or not complete is left empty: it is no zero. What
    people adjusted, and what a cap took, is part of the raw score.
    """
    marks = everybody.scores.marks
    runs = GradingRun.objects.filter(pk__in={each.run_id for each in marks.values()})
    received = dict(runs.order_by().values_list("pk", "submission__received_at"))
    for column in everybody.columns:
        assignment = column.assignment
        for row in everybody.people:
            student = row.user
            mark = marks.get((assignment.pk, student.pk))
            at = received.get(mark.run_id) if mark and mark.run_id else None
            yield (
                assignment.slug,
                _utc(assignment.due_at),
                _utc(at) if at else "",
                student.login or student.email,
                student.last_name,
                student.first_name,
                student.email,
                *_scores(mark),
                mark.possible if mark else column.possible,
            )


def _scores(mark: FinalMark | None) -> tuple[Cell, Cell, Cell]:
    """Return the raw score, the late penalty and the score."""
    if mark is None:
        return Decimal(0), Decimal(0), Decimal(0)
    if mark.is_excused or mark.is_withheld or not mark.is_complete:
        return "", "", ""
    points = mark.points
    raw = points.raw + points.adjustment - points.capped
    return raw, points.late_penalty, points.final


def _utc(at: dt.datetime) -> str:
    """Return the time in UTC as nbgrader writes it, without a zone."""
    return str(at.astimezone(dt.UTC).replace(tzinfo=None))
