"""The page that shifts the rest of a course by whole weeks."""

from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.shift import ShiftForm
from courses.models import Course
from courses.pages.shift import shift_preview
from courses.permissions import Right
from courses.services.shifting import (
    ShiftPlan,
    ShiftRefusedError,
    apply_shift,
    plan_shift,
)
from courses.views.access import allowed_course

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def shift(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what would move; on POST with a reason and the preview's digest, move it."""
    course = allowed_course(request.user, slug, Right.EDIT)
    given = request.POST if request.method == "POST" else request.GET
    form = ShiftForm(course, given if "from_week" in given else None)
    if not form.is_valid():
        return _page(request, course, form)
    if request.method == "POST":
        return _shift(request, course, form)
    return _page(request, course, form, plan=_plan(course, form))


def _plan(course: Course, form: ShiftForm) -> ShiftPlan:
    return plan_shift(course=course, now=timezone.now(), **form.cleaned_data)


def _shift(request: SignedInRequest, course: Course, form: ShiftForm) -> HttpResponse:
    try:
        done = apply_shift(
            actor=request.user,
            course=course,
            seen=request.POST.get("digest", ""),
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
            **form.cleaned_data,
        )
    except ShiftRefusedError as refused:
        plan = _plan(course, form)
        return _page(request, course, form, plan=plan, error=str(refused))
    messages.success(request, f"{done.words}. Students are told.")
    return redirect("courses:manage", course.slug)


def _page(
    request: SignedInRequest,
    course: Course,
    form: ShiftForm,
    *,
    plan: ShiftPlan | None = None,
    error: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "course": course,
        "tab": "manage",
        "form": form,
        "plan": plan,
        "preview": shift_preview(plan) if plan else None,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    status = UNPROCESSABLE if error or form.errors else None
    return render(request, "courses/shift.html", context, status=status)
