"""The pages of a submission: the receipt, and its files."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import can_view_work_of
from storage.downloads import blob_attachment
from submissions.exceptions import KeyUnavailableError
from submissions.models import Submission, SubmittedFile
from submissions.receipt_mails import receipt_name
from submissions.signed_receipts import signed_receipt


@login_required
@require_safe
def submission(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the receipt: what arrived, when, and its hashes."""
    found = _visible(request, pk)
    context = {
        "submission": found,
        "assignment": found.assignment,
        "course": found.assignment.course,
        "tab": "marks",
        "files": found.files.all(),
        "warnings": found.warnings,
        "opened": found.opened(),
        "receipt": _receipt(found),
        "entry": getattr(found, "on_behalf", None),
        "is_own": found.author == request.user,
        "is_staff_view": can_view_work_of(request.user, found.assignment),
    }
    return render(request, "submissions/submission.html", context)


@login_required
@require_safe
def receipt_file(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Send the signed receipt as a text file.

    While the key cannot be read, the page of the receipt says so.
    """
    found = _visible(request, pk)
    receipt = _receipt(found)
    if not receipt:
        return redirect(found)
    answer = HttpResponse(receipt, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = content_disposition_header(
        True,  # noqa: FBT003
        receipt_name(found),
    )
    return answer


def _visible(request: SignedInRequest, pk: UUID) -> Submission:
    rows = Submission.objects.visible_to(request.user)
    related = ("assignment__course", "author", "revision", "on_behalf__entered_by")
    return get_object_or_404(rows.select_related(*related), pk=pk)


def _receipt(found: Submission) -> str:
    """Return the signed receipt, or "" while the key cannot be read."""
    try:
        return signed_receipt(found)
    except KeyUnavailableError:
        return ""


@login_required
@require_safe
def file(
    request: SignedInRequest, pk: UUID, name: str
) -> FileResponse | HttpResponseRedirect:
    """Send one file of a submission as it was handed in, or say that it was removed."""
    found = get_object_or_404(
        SubmittedFile.objects.filter(
            submission__in=Submission.objects.visible_to(request.user)
        ).select_related("submission__author"),
        submission=pk,
        name=name,
    )
    if found.removed_at is not None:
        messages.error(
            request,
            f"The content of {found.name} was removed, as the course's rule for old "
            "weights says.",
        )
        return redirect(found.submission)
    return blob_attachment(found.sha256, _download_name(found, request))


def _download_name(found: SubmittedFile, request: SignedInRequest) -> str:
    """Return the file's own name; for staff, a name that also says the author."""
    author = found.submission.author
    if author == request.user:
        return found.name
    return f"{author.login or author.pk}-attempt{found.submission.attempt}-{found.name}"
