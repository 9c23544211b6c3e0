"""The page that moves all deadlines within an outage by hours."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Course
from courses.pages.shift import shift_preview
from courses.permissions import Right
from courses.services.outages import OutagePlan, apply_outage, plan_outage
from courses.services.shift_plan import ShiftRefusedError
from courses.views.access import allowed_course
from grading.forms.outage import OutageForm
from grading.services.extra_time_plan import plan_moved_deadlines
from grading.services.settings_plan import SettingsPlan

UNPROCESSABLE: Final = 422
_CHANGED: Final = (
    "What would change is no longer what you saw, so nothing was moved. Check it, and "
    "confirm again."
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def outage(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what would move; on POST with a reason and the preview's digests, move it."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    given = request.POST if request.method == "POST" else request.GET
    with timezone.override(course.tz):
        form = OutageForm(course, given if "hours" in given else None)
        if not form.is_valid():
            return _page(request, course, form)
        try:
            plan = plan_outage(course=course, **form.cleaned_data)
        except ShiftRefusedError as refused:
            form.add_error(None, str(refused))
            return _page(request, course, form)
        marks = plan_moved_deadlines(plan)
        if request.method != "POST":
            return _page(request, course, form, plan=plan, marks=marks)
        error = _CHANGED
        if request.POST.get("marks", "") == marks.digest:
            try:
                return _move(request, course, form)
            except ShiftRefusedError as refused:
                error = str(refused)
        return _page(request, course, form, plan=plan, marks=marks, error=error)


def _move(request: SignedInRequest, course: Course, form: OutageForm) -> HttpResponse:
    done = apply_outage(
        actor=request.user,
        course=course,
        seen=request.POST.get("digest", ""),
        reason=request.POST.get("reason", ""),
        now=timezone.now(),
        **form.cleaned_data,
    )
    messages.success(request, f"{done.words}. Students are told, also by mail.")
    return redirect("courses:manage", course.slug)


def _page(
    request: SignedInRequest,
    course: Course,
    form: OutageForm,
    *,
    plan: OutagePlan | None = None,
    marks: SettingsPlan | None = None,
    error: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "course": course,
        "tab": "manage",
        "form": form,
        "plan": plan,
        "preview": shift_preview(plan) if plan else None,
        "marks": marks,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    status = UNPROCESSABLE if error or form.errors else None
    return render(request, "grading/outage.html", context, status=status)
