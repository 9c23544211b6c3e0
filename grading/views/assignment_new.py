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
from grading.forms.assignment_settings import CourseworkForm, EnteredForm

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
            return _page(request, kind.new(course))
        form = kind.new(course, request.POST)
        if not form.is_valid():
            return _page(request, form)
        made = form.assignment()
        save_assignment(actor=request.user, assignment=made)
    what = "enter its marks" if made.has_entered_marks else "import its notebook"
    messages.success(request, f"{made.title} has been created. Now {what}.")
    return redirect("grading:assignment-staff", slug, made.slug)


def _page(request: SignedInRequest, form: CourseworkForm) -> HttpResponse:
    context = {
        "course": form.instance.course,
        "tab": "manage",
        "form": form,
        "is_entered": isinstance(form, EnteredForm),
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/assignment_new.html", context, status=status)
