"""The page on which staff write coursework without a notebook."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from courses.services.files_revisions import lines_of
from grading.forms.assignment_files import FilesForm
from grading.services.files_only_coursework import publish_files
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_files(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show which files are handed in and what is marked; on POST, publish new ones."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    lines = ("", "") if found.revision is None else lines_of(found.revision)
    if lines is None:
        messages.error(
            request,
            "The published revision was imported, so its folder says which files are "
            "handed in. Change the folder and import it again.",
        )
        return redirect("grading:assignment-staff", slug, aslug)
    if request.method != "POST":
        files, questions = lines
        initial = {"file_lines": files, "question_lines": questions}
        return _page(request, found, FilesForm(initial=initial))
    form = FilesForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    revision = publish_files(actor=request.user, assignment=found, bundle=form.bundle())
    messages.success(
        request,
        f"Revision {revision.number} is published. Students hand in its files from now "
        "on.",
    )
    return redirect("grading:assignment-staff", slug, aslug)


def _page(request: SignedInRequest, found: Assignment, form: FilesForm) -> HttpResponse:
    context = {
        "assignment": found,
        "course": found.course,
        "tab": "marks",
        "form": form,
        "has_work": found.submissions.exists(),
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/assignment_files.html", context, status=status)
