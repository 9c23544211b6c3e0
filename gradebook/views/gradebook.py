"""The views of the gradebook: its page, and its file."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right
from courses.views.access import allowed_course
from formats.choices import SpreadsheetFormat
from formats.spreadsheets import CONTENT_TYPES, write_table
from gradebook.pages.gradebook import SHOWN, GradebookQuery, gradebook_page
from gradebook.pages.gradebook_file import TableKind, gradebook_table


@login_required
@require_safe
def gradebook(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show everybody's marks in the course, for its staff."""
    course = allowed_course(request.user, slug, Right.VIEW_MARKS)
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
