"""The page that changes the settings of a course."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.course_settings import CourseSettingsForm
from courses.forms.form_errors import add_faults
from courses.models import Course
from courses.permissions import Right
from courses.services.course_settings import save_course_settings
from courses.services.creating import CourseRefusedError
from courses.views.access import allowed_course

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def course_settings(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course's settings; on POST, store them."""
    course = allowed_course(request.user, slug, Right.EDIT)
    with timezone.override(course.tz):
        if request.method != "POST":
            return _page(request, course, CourseSettingsForm.of(course))
        form = CourseSettingsForm.of(course, request.POST)
        if form.is_valid():
            try:
                save_course_settings(
                    actor=request.user, course=course, settings=form.settings()
                )
            except CourseRefusedError as refused:
                add_faults(form, refused)
            else:
                messages.success(request, "The settings have been saved.")
                return redirect("courses:manage", course.slug)
        return _page(request, course, form)


def _page(
    request: SignedInRequest, course: Course, form: CourseSettingsForm
) -> HttpResponse:
    context = {"course": course, "tab": "manage", "form": form}
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/course_settings.html", context, status=status)
