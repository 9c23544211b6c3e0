"""The page that changes a course by its course file."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.throttles import ImportThrottle, seconds_to_wait
from courses.forms.course_file import CourseFileForm
from courses.models import Course
from courses.permissions import Right
from courses.services.course_uploads import (
    CourseFilePreview,
    hold_course_file,
    import_held_course_file,
    preview_course_file,
)
from courses.services.held_uploads import NothingPendingError
from courses.views.access import allowed_course
from courses.views.course_new import created_words
from courses.views.import_uploads import named_file, too_many_uploads, with_retry_after
from formats.problems import ImportRefusedError, Problem

UNPROCESSABLE: Final = 422
_GONE: Final = Problem(
    message="This is no longer the preview that you saw: the file is gone, or the "
    "course has changed.",
    hint="Nothing was changed. Choose the file again.",
)
_ANOTHERS: Final = Problem(
    message=(
        "There is already a course with this code and year, and you may not edit it."
    ),
    hint="Give another year, or ask the lecturer of that course.",
)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def course_file(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the form; then what the file would change; then change exactly that."""
    return answer_upload(request, allowed_course(request.user, slug, Right.EDIT))


def answer_upload(request: SignedInRequest, course: Course | None) -> HttpResponse:
    """Show the form, what the file would do, or do it; None stands for a new course."""
    initial = {"academic_year": course.academic_year} if course else {}
    if request.method != "POST":
        return _page(request, course, CourseFileForm(initial=initial))
    if wait := seconds_to_wait(ImportThrottle, request):
        return _too_often(request, course, wait)
    form = CourseFileForm(request.POST, request.FILES)
    step = _import if "digest" in request.POST else _preview
    form.fields["file"].required = step is _preview
    if not form.is_valid():
        return _page(request, course, form)
    try:
        return step(request, course, form)
    except (ImportRefusedError, NothingPendingError, PermissionDenied) as error:
        again = CourseFileForm(initial=request.POST.dict())
        return _page(request, course, again, faults=_faults_of(error))


def _faults_of(error: Exception) -> tuple[Problem, ...]:
    if isinstance(error, ImportRefusedError):
        return error.problems
    return (_GONE if isinstance(error, NothingPendingError) else _ANOTHERS,)


def _preview(
    request: SignedInRequest, course: Course | None, form: CourseFileForm
) -> HttpResponse:
    """Keep the file, and show what it would change."""
    hold_course_file(
        actor=request.user, course=course, upload=named_file(form.cleaned_data["file"])
    )
    preview = preview_course_file(
        actor=request.user, course=course, year=form.cleaned_data["academic_year"]
    )
    return _page(request, course, form, preview=preview)


def _import(
    request: SignedInRequest, course: Course | None, form: CourseFileForm
) -> HttpResponse:
    """Import the kept file, if it is still what the preview showed."""
    imported = import_held_course_file(
        actor=request.user,
        course=course,
        year=form.cleaned_data["academic_year"],
        digest=request.POST["digest"],
    )
    if imported.course is not None and course is None:
        messages.success(request, created_words(imported.course))
    else:
        messages.success(request, "The course now agrees with the file.")
    return redirect("courses:manage", imported.slug)


def _too_often(
    request: SignedInRequest, course: Course | None, wait: int
) -> HttpResponse:
    answer = _page(request, course, CourseFileForm(), faults=(too_many_uploads(wait),))
    return with_retry_after(answer, wait)


def _page(
    request: SignedInRequest,
    course: Course | None,
    form: CourseFileForm,
    *,
    preview: CourseFilePreview | None = None,
    faults: tuple[Problem, ...] = (),
) -> HttpResponse:
    plan = preview.imported.plan if preview else None
    context = {
        "course": course,
        "tab": "manage",
        "form": form,
        "preview": preview,
        "lines": list(plan.lines()) if plan else [],
        "faults": faults,
    }
    template = "courses/course_file.html" if course else "courses/course_new_file.html"
    is_refused = bool(faults) or (form.is_bound and not preview)
    status = UNPROCESSABLE if is_refused else None
    return render(request, template, context, status=status)
