"""The views of students at risk: the page with its mails, and the file."""

import csv
import io
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from courses.models import Course
from courses.permissions import Right
from courses.services.student_mails import MailRefusedError, write_student_mails
from courses.views.access import allowed_course
from formats.roster import escaped
from gradebook.forms.at_risk import MailForm
from gradebook.pages.at_risk import AtRiskPage, at_risk_page

UNPROCESSABLE: Final = 422
_COLUMNS: Final = ("email", "login", "last_name", "first_name", "module_code")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def at_risk(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the students at risk; on POST, mail those that are chosen."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    page = at_risk_page(
        user=request.user,
        course=course,
        show=request.GET.get("show", ""),
        now=timezone.now(),
    )
    if request.method != "POST":
        return _page(request, course, page, MailForm())
    if not page.may_mail:
        raise PermissionDenied
    form = MailForm(request.POST)
    if form.is_valid():
        try:
            count = write_student_mails(
                actor=request.user,
                course=course,
                reasons=page.chosen(set(request.POST.getlist("student"))),
                subject=form.cleaned_data["subject"],
                text=form.cleaned_data["text"],
            )
        except MailRefusedError as refused:
            form.add_error(None, str(refused))
        else:
            words = "1 mail is" if count == 1 else f"{count} mails are"
            messages.success(request, f"{words} being sent.")
            return redirect(request.get_full_path())
    return _page(request, course, page, form)


@login_required
@require_safe
def at_risk_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Send the students at risk as CSV, with the reasons."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    page = at_risk_page(
        user=request.user,
        course=course,
        show=request.GET.get("show", ""),
        now=timezone.now(),
    )
    answer = HttpResponse(_table(page), "text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="at-risk-{course.slug}.csv"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _table(page: AtRiskPage) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*_COLUMNS, "last_seen_at", "reasons"])
    for row in page.rows:
        student = row.student
        person = (
            student.email,
            student.login,
            student.last_name,
            student.first_name,
            row.module_code,
        )
        seen_at = row.seen_at.isoformat(timespec="seconds") if row.seen_at else ""
        reasons = escaped(" ".join(row.reasons))
        writer.writerow([*map(escaped, person), seen_at, reasons])
    return text.getvalue()


def _page(
    request: SignedInRequest, course: Course, page: AtRiskPage, form: MailForm
) -> HttpResponse:
    context = {
        "course": course,
        "tab": "gradebook",
        "page": page,
        "form": form,
        "chosen": request.POST.getlist("student"),
        "ticks_all": request.method != "POST" and request.GET.get("tick") == "all",
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "gradebook/at_risk.html", context, status=status)
