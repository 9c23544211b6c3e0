"""The page that creates a course without a file."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.course_new import NewCourseForm
from courses.forms.form_errors import add_faults
from courses.models import Course
from courses.release_times import is_released
from courses.services.creating import (
    CourseRefusedError,
    create_course,
    require_course_creator,
)

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def course_new(request: SignedInRequest) -> HttpResponse:
    """Ask what the course is called and when its weeks are; on POST, create it."""
    require_course_creator(request.user)
    if request.method != "POST":
        return _page(request, NewCourseForm())
    form = NewCourseForm(request.POST)
    if form.is_valid():
        try:
            made = create_course(actor=request.user, new=form.new_course)
        except CourseRefusedError as refused:
            add_faults(form, refused)
        else:
            messages.success(request, created_words(made))
            return redirect("courses:manage", made.slug)
    return _page(request, form)


def created_words(course: Course) -> str:
    """Return the message about a new course, which says whether students see it."""
    if is_released(course.release_at, timezone.now()):
        return f"{course} has been created, and students see it."
    return f"{course} has been created. Students do not see it yet."


def _page(request: SignedInRequest, form: NewCourseForm) -> HttpResponse:
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/course_new.html", {"form": form}, status=status)
