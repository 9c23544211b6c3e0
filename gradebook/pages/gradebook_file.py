"""The gradebook as tables for other programs: all marks, or the registry's columns."""

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import PermissionDenied

from accounts.models import User
from courses.models import Course
from courses.permissions import can_view_all_work
from formats.choices import Choice
from formats.spreadsheets import Cell
from gradebook.pages.gradebook import all_rows
from gradebook.pages.gradebook_rows import Cell as MarkCell
from gradebook.pages.gradebook_rows import Column, GradebookRow


class TableKind(Choice):
    """What a file of the gradebook has."""

    MARKS = "marks", "All marks"
    REGISTRY = "registry", "For the registry"


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


def gradebook_table(
    *, user: User, course: Course, kind: TableKind, now: dt.datetime
) -> list[tuple[Cell, ...]]:
    """Return the table, with the names of its columns first and everybody by name.

    Where names are hidden from the person, it has codes. Then PermissionDenied is raised
    for the table of the registry, which is names.
    """
    columns, rows, shows_totals = all_rows(user=user, course=course, now=now)
    sees_names = can_view_all_work(user, course)
    if kind == TableKind.REGISTRY and not sees_names:
        raise PermissionDenied
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
            *(_PEOPLE if sees_names else _CODED),
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
