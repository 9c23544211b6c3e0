"""The view that creates coursework."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.permissions import Right
from courses.services.edited_rows import save_assignment
from courses.views.access import allowed_course
from grading.forms.assignment_settings import CourseworkForm

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the form for new coursework; on POST, store it."""
    course = allowed_course(request.user, slug, Right.EDIT)
    with timezone.override(course.tz):
        if request.method != "POST":
            return _page(request, CourseworkForm.new(course))
        form = CourseworkForm.new(course, request.POST)
        if not form.is_valid():
            return _page(request, form)
        made = form.assignment()
        save_assignment(actor=request.user, assignment=made)
    messages.success(
        request, (f"{made.title} has been created. Now import its notebook.")
    )
    return redirect("grading:assignment-staff", slug, made.slug)


def _page(request: SignedInRequest, form: CourseworkForm) -> HttpResponse:
    context = {"course": form.instance.course, "tab": "manage", "form": form}
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/assignment_new.html", context, status=status)
