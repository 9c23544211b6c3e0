"""The view of everybody's work at one assignment, and their marks as a CSV file."""

import csv
import io
import math

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from accounts.throttles import BulkDownloadThrottle, seconds_to_wait
from courses.models import Assignment
from courses.permissions import DECIDES_MARKS, Right, can, is_work_hidden, rights_at
from formats.roster import escaped
from grading.pages.assignment_staff import staff_page
from grading.pages.revisions import revisions_card
from grading.pages.staff_rows import StudentRow, student_rows
from grading.services.blind_marking import SECOND_MARKER_WORDS
from grading.services.counting_files import MANIFEST, take_counting_files
from grading.views.access import allowed_work, visible_assignment
from storage.downloads import ZipTable, zip_attachment


@login_required
@require_safe
def assignment_staff(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List every enrolled student with the latest run and the mark.

    Markers who do not see everybody's work are sent to the marking pages.
    """
    found = visible_assignment(request.user, slug, aslug, entered=True)
    rights = rights_at(request.user, found)
    if found.has_entered_marks and rights & DECIDES_MARKS:
        return redirect("grading:entered-marks", slug, aslug)
    if found.has_entered_marks and Right.VIEW_ALL_WORK in rights:
        # Whoever only reads sees these marks in the gradebook.
        return redirect("gradebook:gradebook", slug)
    if Right.VIEW_ALL_WORK not in rights:
        if can(request.user, Right.GRADE, found.course):
            if is_work_hidden(request.user, found):
                messages.info(request, SECOND_MARKER_WORDS)
            return redirect("grading:marking", slug, aslug)
        raise PermissionDenied
    page = staff_page(
        assignment=found,
        q=request.GET.get("q", "").strip(),
        state=request.GET.get("state", ""),
        sort=request.GET.get("sort", "name"),
    )
    context: dict[str, object] = {
        "page": page,
        "assignment": found,
        "tab": "marks",
        "course": found.course,
        "can_edit": Right.EDIT in rights,
        "may_manage_people": Right.MANAGE_PEOPLE in rights,
        "may_manage_marks": Right.MANAGE_MARKS in rights,
        "reads_requests": bool(rights & {Right.GRADE, Right.OVERSEE}),
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    if not is_fragment:
        context["revisions"] = revisions_card(
            assignment=found, may_edit=Right.EDIT in rights
        )
    template = (
        "grading/_staff_table.html" if is_fragment else "grading/assignment_staff.html"
    )
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer


@login_required
@require_safe
def marks_file(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Send everybody's mark with its parts as a CSV file."""
    found = allowed_work(request.user, slug, aslug, entered=True)
    # With a byte order mark: without it, spreadsheets guess an older encoding.
    answer = HttpResponse(_table(found).encode("utf-8-sig"), "text/csv; charset=utf-8")
    answer["Content-Disposition"] = (
        f'attachment; filename="marks-{found.course.slug}-{found.slug}.csv"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


@login_required
@require_POST
def counting_files(request: SignedInRequest, slug: str, aslug: str) -> HttpResponseBase:
    """Send the files of all attempts that count as one zip, and record that.

    It is a POST because of the record.
    """
    found = allowed_work(request.user, slug, aslug)
    if wait := seconds_to_wait(BulkDownloadThrottle, request):
        minutes = math.ceil(wait / 60)
        messages.error(
            request, f"You have downloaded all work often. Wait for {minutes} min."
        )
        return redirect("grading:assignment-staff", slug, aslug)
    taken = take_counting_files(actor=request.user, assignment=found)
    return zip_attachment(
        taken.files,
        f"{found.course.slug}-{found.slug}.zip",
        table=ZipTable(name=MANIFEST, content=taken.manifest),
    )


_COLUMNS = (
    "email",
    "login",
    "name",
    "attempts",
    "counting_attempt",
    "automatic",
    "by_hand",
    "late_penalty",
    "late_reason",
    "adjustment",
    "final",
    "possible",
    "standing",
    "cap_percent",
    "cap_words",
)


def _table(assignment: Assignment) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for row in sorted(student_rows(assignment), key=lambda row: row.sort_name):
        person = [escaped(value) for value in (row.email, row.login, row.name)]
        writer.writerow([*person, row.attempts, *_mark_cells(row)])
    return text.getvalue()


def _mark_cells(row: StudentRow) -> list[object]:
    """Return the cells of a student's mark, empty while there is none.

    An excused student has none, and the last cell says so.
    """
    mark, standing = row.counting, row.standing.value if row.standing else ""
    if mark is None:
        return [*[""] * 8, standing, "", ""]
    points = mark.points
    return [
        mark.attempt or "",
        points.automatic,
        points.manual,
        points.late_penalty,
        points.late_words,
        points.adjustment,
        points.final,
        "" if mark.possible is None else mark.possible,
        standing,
        "" if points.cap is None else points.cap.percent,
        "" if points.cap is None else escaped(points.cap.words),
    ]
