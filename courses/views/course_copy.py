"""The page that copies a course for the next year."""

import datetime as dt
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.course_copy import CopyForm
from courses.forms.form_errors import add_faults
from courses.models import Course
from courses.permissions import Right
from courses.services.copying import copy_course
from courses.services.creating import CourseRefusedError
from courses.views.access import allowed_course

UNPROCESSABLE: Final = 422
_A_YEAR: Final = dt.timedelta(weeks=52)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def course_copy(request: SignedInRequest, slug: str) -> HttpResponse:
    """Ask for the copy's year, address and first week; on POST, make the copy."""
    course = allowed_course(request.user, slug, Right.EDIT)
    if request.method != "POST":
        return _page(request, course, CopyForm(initial=_next_year(course)))
    form = CopyForm(request.POST)
    if form.is_valid():
        try:
            made = copy_course(actor=request.user, course=course, **form.cleaned_data)
        except CourseRefusedError as refused:
            add_faults(form, refused)
        else:
            messages.success(
                request,
                "This is the copy. Students do not see it until you release it.",
            )
            return redirect("courses:manage", made.slug)
    return _page(request, course, form)


def _next_year(course: Course) -> dict[str, Any]:
    """Return likely values for the form: the year and the address one later."""
    first = course.weeks.order_by("number").first()
    start, _, _ = course.academic_year.partition("-")
    if not start.isdecimal():
        return {}
    year = int(start) + 1
    following = f"{year}-{(year + 1) % 100:02}"
    slug = course.slug.replace(course.academic_year, following)
    if slug == course.slug:
        slug = f"{course.slug}-{following}"
    monday = first and first.starts_on - dt.timedelta(days=first.starts_on.weekday())
    return {
        "academic_year": following,
        "slug": slug,
        "first_week_on": monday and monday + _A_YEAR,
    }


def _page(request: SignedInRequest, course: Course, form: CopyForm) -> HttpResponse:
    context = {"course": course, "tab": "manage", "form": form}
    status = UNPROCESSABLE if form.is_bound and form.errors else None
    return render(request, "courses/course_copy.html", context, status=status)
