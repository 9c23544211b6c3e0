"""Pages for creating a course without a file, and for changing its settings."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.course_new import NewCourseForm
from courses.forms.course_settings import CourseSettingsForm
from courses.forms.form_errors import add_faults
from courses.models import Course
from courses.permissions import Right
from courses.release_times import is_out
from courses.services.course_settings import save_course_settings
from courses.services.creating import (
    CourseRefusedError,
    create_course,
    require_course_creator,
)
from courses.views.access import allowed_course

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def course_new(request: SignedInRequest) -> HttpResponse:
    """Ask what the course is called and when its weeks are; on POST, create it."""
    require_course_creator(request.user)
    if request.method != "POST":
        return _new_page(request, NewCourseForm())
    form = NewCourseForm(request.POST)
    if form.is_valid():
        try:
            made = create_course(actor=request.user, new=form.new_course)
        except CourseRefusedError as refused:
            add_faults(form, refused)
        else:
            messages.success(request, created_words(made))
            return redirect("courses:manage", made.slug)
    return _new_page(request, form)


def created_words(course: Course) -> str:
    """Return the message about a new course, which says whether students see it."""
    if is_out(course.release_at, timezone.now()):
        return f"{course} is here, and students see it."
    return f"{course} is here. Students do not see it yet."


def _new_page(request: SignedInRequest, form: NewCourseForm) -> HttpResponse:
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/new.html", {"form": form}, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def course_settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course's settings; on POST, store them."""
    course = allowed_course(request.user, slug, Right.EDIT)
    with timezone.override(course.tz):
        if request.method != "POST":
            return _settings_page(request, course, CourseSettingsForm.of(course))
        form = CourseSettingsForm.of(course, request.POST)
        if form.is_valid():
            try:
                save_course_settings(
                    actor=request.user, course=course, settings=form.settings()
                )
            except CourseRefusedError as refused:
                add_faults(form, refused)
            else:
                messages.success(request, "The settings are stored.")
                return redirect("courses:manage", course.slug)
        return _settings_page(request, course, form)


def _settings_page(
    request: SignedInRequest, course: Course, form: CourseSettingsForm
) -> HttpResponse:
    context = {"course": course, "tab": "manage", "form": form}
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/manage/settings.html", context, status=status)
