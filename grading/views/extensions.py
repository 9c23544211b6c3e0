"""The views of extensions: who has one, granting one, and withdrawing it."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from accounts.models import User
from courses.deadlines import deadline_for
from courses.forms.form_errors import add_faults
from courses.models import Accommodation, Assignment, Extension
from courses.permissions import Right
from courses.services.extensions import (
    ExtensionRefusedError,
    grant_extension,
    withdraw_extension,
)
from courses.wall_clock import moment_words
from grading.forms.extensions import ExtensionForm
from grading.pages.accommodated import accommodated_deadline
from grading.services.extra_time_plan import plan_extensions
from grading.services.seen_plans import is_unseen
from grading.services.settings_plan import SettingsPlan
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def extensions(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List the assignment's extensions; on POST, grant one."""
    found = allowed_assignment(request.user, slug, aslug, Right.MANAGE_PEOPLE)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            return _page(request, found, ExtensionForm(found, initial=_chosen(request)))
        form = ExtensionForm(found, request.POST)
        if form.is_valid():
            student, due_at = form.cleaned_data["student"], form.cleaned_data["due_at"]
            plan = plan_extensions(assignment=found, due_at={student.pk: due_at})
            if _is_new(request, plan):
                return _page(request, found, form, plan=plan)
            try:
                granted = grant_extension(
                    actor=request.user, assignment=found, **form.cleaned_data
                )
            except ExtensionRefusedError as refused:
                add_faults(form, refused)
            else:
                messages.success(request, _words(granted.student, found))
                return _back(found)
        return _page(request, found, form)


@login_required
@require_POST
def extension_withdraw(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Withdraw an extension, so that the student's deadline is as without it.

    If that changes marks or lateness, this is shown first.
    """
    found = allowed_assignment(request.user, slug, aslug, Right.MANAGE_PEOPLE)
    rows = found.extensions.select_related("student", "assignment__course")
    extension = get_object_or_404(rows, pk=pk)
    plan = plan_extensions(assignment=found, due_at={extension.student_id: None})
    if _is_new(request, plan):
        form = ExtensionForm(found)
        with timezone.override(found.course.tz):
            return _page(request, found, form, plan=plan, withdrawn=extension)
    student = extension.student
    withdraw_extension(actor=request.user, extension=extension)
    messages.success(request, _words(student, found))
    return _back(found)


def _is_new(request: SignedInRequest, plan: SettingsPlan) -> bool:
    """Return whether the person has not seen yet what the plan would change."""
    return is_unseen(request.user, plan, request.POST.get("seen"))


def _chosen(request: SignedInRequest) -> dict[str, str]:
    student = request.GET.get("student", "")
    return {"student": student} if student.isdecimal() else {}


def _words(student: User, found: Assignment) -> str:
    moment = moment_words(deadline_for(found, student).due_at, found.course.tz)
    return f"For {student}, {found.title} is now due on {moment}. The student is told."


def _back(found: Assignment) -> HttpResponseRedirect:
    return redirect("grading:extensions", found.course.slug, found.slug)


def _page(
    request: SignedInRequest,
    found: Assignment,
    form: ExtensionForm,
    *,
    plan: SettingsPlan | None = None,
    withdrawn: Extension | None = None,
) -> HttpResponse:
    rows = Extension.objects.filter(assignment=found)
    accommodated = Accommodation.objects.filter(course=found.course)
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "form": form,
        "extensions": rows.select_related("student", "granted_by").order_by("due_at"),
        "now": timezone.now(),
        "accommodated": [
            accommodated_deadline(row, found)
            for row in accommodated.select_related("student")
        ],
        "plan": plan,
        "seen": plan.digest if plan else "",
        "withdrawn": withdrawn,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/extensions.html", context, status=status)
