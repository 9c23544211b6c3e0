"""The views of the gradebook: its page, and its file."""

import csv
import io
from collections.abc import Sequence

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right
from courses.views.access import allowed_course
from formats.roster import escaped
from gradebook.pages.gradebook import SHOWN, GradebookQuery, all_rows, gradebook_page
from gradebook.pages.gradebook_rows import Cell, Column, GradebookRow

_PEOPLE = ("email", "login", "last_name", "first_name", "module_code")
_TOTAL = ("total_percent", "letter", "passed", "is_complete")


@login_required
@require_safe
def gradebook(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show everybody's marks in the course, for its staff."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    page = gradebook_page(
        user=request.user,
        course=course,
        query=GradebookQuery.of(request.GET),
        now=timezone.now(),
    )
    context = {"course": course, "tab": "gradebook", "page": page, "shown": SHOWN}
    return render(request, "gradebook/gradebook.html", context)


@login_required
@require_safe
def gradebook_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Send everybody's marks as CSV, one line for each student."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    columns, rows, shows_totals = all_rows(
        user=request.user, course=course, now=timezone.now()
    )
    answer = HttpResponse(
        _table(columns, rows, shows_totals=shows_totals), "text/csv; charset=utf-8"
    )
    answer["Content-Disposition"] = (
        f'attachment; filename="gradebook-{course.slug}.csv"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _table(
    columns: Sequence[Column], rows: Sequence[GradebookRow], *, shows_totals: bool
) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    heads = [
        escaped(f"{column.assignment.title} ({column.possible.normalize():f})")
        for column in columns
    ]
    writer.writerow([*_PEOPLE, *heads, *(_TOTAL if shows_totals else ())])
    for row in rows:
        student = row.student
        person = (
            student.email,
            student.login,
            student.last_name,
            student.first_name,
            row.module_code,
        )
        cells = [_cell_text(cell) for cell in row.cells]
        writer.writerow(
            [
                *map(escaped, person),
                *cells,
                *(_total_cells(row) if shows_totals else ()),
            ]
        )
    return text.getvalue()


def _cell_text(cell: Cell) -> object:
    """Return the points, or the words where there are none: never a dash.

    Points that are not all given yet look like a mark in a table, so words stand there.
    """
    if cell.points is not None and not cell.is_waiting:
        return cell.points
    return cell.words if cell.words[:1].isalpha() else ""


def _total_cells(row: GradebookRow) -> list[object]:
    passed = "" if row.passes is None else ("yes" if row.passes else "no")
    return [
        "" if row.percent is None else row.percent,
        escaped(row.letter),
        passed,
        "yes" if row.is_complete else "no",
    ]
