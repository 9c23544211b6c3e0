"""The view that creates coursework."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from courses.services.edited_rows import save_assignment
from courses.views.access import allowed_course
from grading.forms.assignment_files import HandsInForm
from grading.forms.assignment_settings import CourseworkForm, EnteredForm
from grading.services.files_only_coursework import publish_files

UNPROCESSABLE: Final = 422
# The value of `marks` that asks for the form of coursework that is not handed in.
ENTERED: Final = "entered"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_new(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the form for new coursework; on POST, store it.

    With `?marks=entered`, it is coursework that is not handed in.
    """
    course = allowed_course(request.user, slug, Right.EDIT)
    kind = EnteredForm if request.GET.get("marks") == ENTERED else CourseworkForm
    with timezone.override(course.tz):
        if request.method != "POST":
            return _page(request, kind.new(course), work=HandsInForm())
        form = kind.new(course, request.POST)
        # What is handed in is asked for only where something is.
        work = None if kind is EnteredForm else HandsInForm(request.POST)
        # Both are checked, so that all faults are shown together.
        if not all([form.is_valid(), work is None or work.is_valid()]):
            return _page(request, form, work=work)
        made = form.assignment()
        with transaction.atomic():
            save_assignment(actor=request.user, assignment=made)
            if work is not None and work.is_files_only:
                publish_files(actor=request.user, assignment=made, bundle=work.bundle())
    return _created(request, made)


def _created(request: SignedInRequest, made: Assignment) -> HttpResponse:
    """Lead to what comes next: the notebook, the marks, or the rubrics."""
    args = [made.course.slug, made.slug]
    created = f"{made.title} has been created."
    if made.has_entered_marks:
        messages.success(request, f"{created} Now enter its marks.")
        return redirect("grading:entered-marks", *args)
    if made.revision is None:
        messages.success(request, f"{created} Now import its notebook.")
        return redirect("grading:assignment-staff", *args)
    messages.success(request, f"{created} Now write its rubrics, if you like.")
    return redirect("grading:trials", *args, made.revision.number)


def _page(
    request: SignedInRequest, form: CourseworkForm, *, work: HandsInForm | None
) -> HttpResponse:
    is_entered = isinstance(form, EnteredForm)
    context = {
        "course": form.instance.course,
        "tab": "manage",
        "form": form,
        "work": None if is_entered else work,
        "is_entered": is_entered,
    }
    has_errors = form.errors or (work is not None and work.errors)
    status = UNPROCESSABLE if has_errors else None
    return render(request, "grading/assignment_new.html", context, status=status)
