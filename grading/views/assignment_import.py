"""The views that import an assignment: an upload, its preview, and a new revision."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.throttles import ImportThrottle, seconds_to_wait
from courses.models import Assignment
from courses.permissions import Right
from courses.services.held_uploads import NothingPendingError
from courses.services.pending_imports import (
    Preview,
    hold_upload,
    import_upload,
    preview_upload,
)
from courses.views.import_uploads import named_file, too_many_uploads, with_retry_after
from formats.assignment import (
    ImportRefusedError,
)
from formats.problems import Problem
from grading.forms.assignment_import import ImportForm
from grading.pages.assignment_import import preview_page
from grading.services import start_trials
from grading.services.environment_records import environment_names, installed_modules
from grading.trial_state import trials_of
from grading.views.access import allowed_assignment
from submissions.arrival import upload_was_too_large

UNPROCESSABLE = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_import(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the form, then the upload's preview; then store it unpublished."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    if request.method != "POST":
        return _page(request, found, _form())
    if wait := seconds_to_wait(ImportThrottle, request):
        return _too_often(request, found, wait)
    try:
        if "digest" in request.POST:
            return _store(request, found)
        return _preview(request, found)
    except ImportRefusedError as error:
        return _page(request, found, _again(request), faults=error.problems)
    except NothingPendingError:
        gone = Problem(
            message=(
                "The file that you uploaded is gone, or a newer upload has replaced it."
            ),
            hint="Choose the file again.",
        )
        return _page(request, found, _form(), faults=(gone,))


def _preview(request: SignedInRequest, found: Assignment) -> HttpResponse:
    """Keep the upload, and show what it would become."""
    form = _form(request.POST, request.FILES)
    if upload_was_too_large(request):
        too_large = Problem(
            message="The upload is too large.", hint="Leave out data files."
        )
        return _page(request, found, form, faults=(too_large,))
    if not form.is_valid():
        return _page(request, found, form)
    package, notebook = form.cleaned_data["package"], form.cleaned_data["notebook"]
    hold_upload(
        actor=request.user,
        assignment=found,
        package=named_file(package),
        notebook=named_file(notebook) if notebook else None,
        solution=[named_file(file) for file in form.cleaned_data["solution"]],
    )
    preview = preview_upload(
        actor=request.user,
        assignment=found,
        options=form.options(),
        installed=installed_modules(),
    )
    return _page(request, found, form, preview=preview)


def _store(request: SignedInRequest, found: Assignment) -> HttpResponse:
    """Store the previewed upload as a revision."""
    form = _form(request.POST)
    form.fields["package"].required = False
    if not form.is_valid():
        return _page(request, found, form)
    revision = import_upload(
        actor=request.user,
        assignment=found,
        options=form.options(),
        digest=request.POST["digest"],
    )
    if not trials_of(revision).are_good:
        start_trials(actor=request.user, revision=revision)
    messages.success(
        request,
        f"Revision {revision.number} is stored, but not published. New work is marked "
        "as before.",
    )
    return redirect("grading:trials", found.course.slug, found.slug, revision.number)


def _form(*args: Any, **more: Any) -> ImportForm:
    """Return the form with the environments to choose from."""
    return ImportForm(*args, environments=environment_names(), **more)


def _again(request: SignedInRequest) -> ImportForm:
    """Return the form with the chosen options; a browser cannot send the file again."""
    return _form(initial=request.POST.dict())


def _too_often(request: SignedInRequest, found: Assignment, wait: int) -> HttpResponse:
    answer = _page(request, found, _form(), faults=(too_many_uploads(wait),))
    return with_retry_after(answer, wait)


def _page(
    request: SignedInRequest,
    found: Assignment,
    form: ImportForm,
    *,
    preview: Preview | None = None,
    faults: tuple[Problem, ...] = (),
) -> HttpResponse:
    context = {
        "form": form,
        "preview": preview_page(preview) if preview else None,
        "faults": faults,
        "assignment": found,
        "tab": "marks",
        "course": found.course,
    }
    is_refused = bool(faults) or (form.is_bound and bool(form.errors))
    status = UNPROCESSABLE if is_refused else None
    return render(request, "grading/assignment_import.html", context, status=status)
