"""The pages of a submission: the receipt, and its files."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import can_view_all_work
from storage.downloads import blob_attachment
from submissions.models import Submission, SubmittedFile


@login_required
@require_safe
def submission(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the receipt: what arrived, when, and its hashes."""
    found = get_object_or_404(
        Submission.objects.visible_to(request.user).select_related(
            "assignment__course", "author", "revision"
        ),
        pk=pk,
    )
    context = {
        "submission": found,
        "assignment": found.assignment,
        "course": found.assignment.course,
        "tab": "marks",
        "files": found.files.all(),
        "warnings": found.warnings,
        "opened": found.opened(),
        "is_own": found.author == request.user,
        "is_staff_view": can_view_all_work(request.user, found.assignment.course),
    }
    return render(request, "submissions/submission.html", context)


@login_required
@require_safe
def file(request: SignedInRequest, pk: UUID, name: str) -> FileResponse:
    """Send one file of a submission, as it was handed in."""
    found = get_object_or_404(
        SubmittedFile.objects.filter(
            submission__in=Submission.objects.visible_to(request.user)
        ).select_related("submission__author"),
        submission=pk,
        name=name,
    )
    return blob_attachment(found.sha256, _download_name(found, request))


def _download_name(found: SubmittedFile, request: SignedInRequest) -> str:
    """Return the file's own name; for staff, a name that also says the author."""
    author = found.submission.author
    if author == request.user:
        return found.name
    return f"{author.login or author.pk}-attempt{found.submission.attempt}-{found.name}"
