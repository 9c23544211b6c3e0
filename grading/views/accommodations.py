"""The views of accommodations: who has one, giving one, and withdrawing it."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from courses.forms.form_errors import add_faults
from courses.models import Accommodation, Course
from courses.permissions import Right
from courses.services.accommodations import (
    AccommodationRefusedError,
    set_accommodation,
    withdraw_accommodation,
)
from courses.views.access import allowed_course
from grading.forms.accommodations import AccommodationForm
from grading.pages.accommodations import accommodation_rows
from grading.services.extra_time_plan import plan_accommodation
from grading.services.seen_plans import is_unseen
from grading.services.settings_plan import SettingsPlan

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def accommodations(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the course's accommodations; on POST, give one.

    If that changes marks or lateness, this is shown first.
    """
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    if request.method != "POST":
        return _page(request, course, AccommodationForm(course))
    form = AccommodationForm(course, request.POST)
    if not form.is_valid():
        return _page(request, course, form)
    given = form.cleaned_data
    plan = plan_accommodation(
        course=course,
        student=given["student"],
        hours=given["hours"],
        percent=given["percent"],
    )
    if is_unseen(request.user, plan, request.POST.get("seen")):
        return _page(request, course, form, plan=plan)
    try:
        row = set_accommodation(actor=request.user, course=course, **given)
    except AccommodationRefusedError as refused:
        add_faults(form, refused)
        return _page(request, course, form)
    words = f"{row.student} has {row.words} for every deadline. The student is told."
    messages.success(request, words)
    return redirect("grading:accommodations", course.slug)


@login_required
@require_POST
def accommodation_withdraw(
    request: SignedInRequest, slug: str, pk: int
) -> HttpResponse:
    """Withdraw an accommodation.

    If that changes marks or lateness, this is shown first.
    """
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    rows = course.accommodations.select_related("student", "course")
    row = get_object_or_404(rows, pk=pk)
    plan = plan_accommodation(course=course, student=row.student, hours=0, percent=0)
    if is_unseen(request.user, plan, request.POST.get("seen")):
        form = AccommodationForm(course)
        return _page(request, course, form, plan=plan, withdrawn=row)
    student = row.student
    withdraw_accommodation(actor=request.user, accommodation=row)
    messages.success(request, f"{student} has no accommodation any more.")
    return redirect("grading:accommodations", course.slug)


def _page(
    request: SignedInRequest,
    course: Course,
    form: AccommodationForm,
    *,
    plan: SettingsPlan | None = None,
    withdrawn: Accommodation | None = None,
) -> HttpResponse:
    context = {
        "course": course,
        "tab": "manage",
        "form": form,
        "rows": accommodation_rows(course),
        "plan": plan,
        "withdrawn": withdrawn,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/accommodations.html", context, status=status)
