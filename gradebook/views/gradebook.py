"""The views of the gradebook: its page, and its file."""

from decimal import Decimal
from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from accounts.models import User
from courses.frozen_marks import MarksFrozenError
from courses.models import Assignment
from courses.permissions import Right
from courses.views.access import allowed_course
from formats.spreadsheets import CONTENT_TYPES, SpreadsheetFormat, write_table
from gradebook.pages.gradebook import SHOWN, GradebookQuery, gradebook_page
from gradebook.pages.gradebook_file import TableKind, gradebook_table
from grading.forms.entered_marks import POINTS, SEEN, read_entered
from grading.services.entered_marks import (
    EntriesConflictError,
    EntriesRefusedError,
    enter_marks,
    plain,
)
from grading.views.access import number_in

UNPROCESSABLE: Final = 422
CONFLICT: Final = 409
# The fields that name a cell.
_CELL: Final = ("assignment", "student")


@login_required
@require_safe
def gradebook(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show everybody's marks in the course, for its staff."""
    course = allowed_course(request.user, slug, Right.VIEW_MARKS, only_reads=True)
    page = gradebook_page(
        user=request.user,
        course=course,
        query=GradebookQuery.of(request.GET),
        now=timezone.now(),
    )
    context = {"course": course, "tab": "gradebook", "page": page, "shown": SHOWN}
    kinds = TableKind if page.sees_names else [TableKind.MARKS]
    context["files"] = [(kind, SpreadsheetFormat) for kind in kinds]
    return render(request, "gradebook/gradebook.html", context)


@login_required
@require_safe
def gradebook_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Send everybody's marks as a file, one line for each student.

    `kind` is a TableKind and `format` a SpreadsheetFormat; without them, all marks are
    sent as CSV.
    """
    course = allowed_course(request.user, slug, Right.VIEW_MARKS)
    try:
        kind = TableKind(request.GET.get("kind", TableKind.MARKS.value))
        to = SpreadsheetFormat(request.GET.get("format", SpreadsheetFormat.CSV.value))
    except ValueError as error:
        raise Http404("There is no such file of a gradebook.") from error
    table = gradebook_table(
        user=request.user, course=course, kind=kind, now=timezone.now()
    )
    answer = HttpResponse(write_table(table, to), CONTENT_TYPES[to])
    name = "gradebook" if kind == TableKind.MARKS else kind.value
    answer["Content-Disposition"] = (
        f'attachment; filename="{name}-{course.slug}.{to.value}"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@login_required
@require_POST
def gradebook_cell(request: SignedInRequest, slug: str) -> HttpResponse:
    """Enter one mark, and answer the student's row anew for static/js/gradebook.js.

    If somebody else has changed the mark since it was seen, nothing is stored, and the
    answer says what is there now.
    """
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    given = {name: number_in(request.POST.get(name, "")) for name in _CELL}
    rows = Assignment.objects.visible_to(request.user).select_related("course")
    found = get_object_or_404(
        rows.filter(marks_out_of__isnull=False), course=course, pk=given["assignment"]
    )
    student = get_object_or_404(User, pk=given["student"])
    fields = {
        f"{POINTS}{student.pk}": request.POST.get("points", ""),
        f"{SEEN}{student.pk}": request.POST.get("seen", ""),
    }
    read = read_entered(fields, found.marks_out_of or Decimal(0))
    if read.faults:
        return _refused(read.faults[student.pk])
    try:
        enter_marks(
            actor=request.user, assignment=found, entries=read.entries, reason=""
        )
    except (EntriesRefusedError, MarksFrozenError) as refused:
        return _refused(str(refused))
    except EntriesConflictError as conflict:
        there = conflict.conflicts[student.pk]
        seen = "" if there.stored is None else plain(there.stored)
        body = {"error": there.words, "seen": seen}
        return JsonResponse(body, status=CONFLICT)
    page = gradebook_page(
        user=request.user,
        course=course,
        query=GradebookQuery(q=student.email),
        now=timezone.now(),
    )
    shown = [row for row in page.rows if row.student.pk == student.pk]
    context = {"page": page, "row": shown[0] if shown else None, "course": course}
    html = render_to_string("gradebook/_gradebook_row.html", context, request)
    return JsonResponse({"row": html})


def _refused(words: str) -> HttpResponse:
    return JsonResponse({"error": words}, status=UNPROCESSABLE)
