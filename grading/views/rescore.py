"""The view of a re-score: it shows all changes before they are confirmed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.permissions import Right
from courses.services.revisions import derive_revision
from grading.pages.rescore import RescorePage, rescore_page
from grading.services import RescoreRefusedError
from grading.services import rescore as rescore_work
from grading.views.access import allowed_assignment, chosen_revision
from grading.views.change_words import NO_REASON, marks_in_words

UNPROCESSABLE = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rescore(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show what other points would change; on POST with a reason, change it."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    given = request.POST if request.method == "POST" else request.GET
    page = rescore_page(
        assignment=found,
        revision=chosen_revision(found, given.get("revision", "")),
        given=given.dict(),
        is_asked="preview" in given or request.method == "POST",
    )
    if request.method != "POST" or page.has_errors:
        return _page(request, page)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _page(request, page, error=NO_REASON)
    try:
        changed = _rescore(request, page, reason)
    except RescoreRefusedError as refused:
        return _page(request, page, error=str(refused), reason=reason)
    messages.success(
        request, f"The work has been re-scored. {marks_in_words(changed)} changed."
    )
    return redirect("grading:assignment-staff", slug, aslug)


@transaction.atomic
def _rescore(request: SignedInRequest, page: RescorePage, reason: str) -> int:
    revision = page.revision
    if page.edited:
        revision = derive_revision(
            actor=request.user, revision=revision, points=page.edited
        )
    return rescore_work(
        actor=request.user,
        assignment=page.assignment,
        revision=revision,
        reason=reason,
        digest=request.POST.get("digest", ""),
    )


def _page(
    request: SignedInRequest, page: RescorePage, *, error: str = "", reason: str = ""
) -> HttpResponse:
    context = {
        "page": page,
        "assignment": page.assignment,
        "tab": "marks",
        "course": page.assignment.course,
        "error": error,
        "reason": reason,
    }
    status = UNPROCESSABLE if error or page.has_errors else None
    return render(request, "grading/rescore.html", context, status=status)
