"""The view that starts a regrade of everybody's work, after it shows what would run."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from grading.services import (
    RegradeRefusedError,
    open_regrade,
    plan_regrade,
    start_regrade,
)
from grading.views.access import allowed_assignment, chosen_revision
from grading.views.change_words import NO_REASON

UNPROCESSABLE = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def regrade_start(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show what a regrade would execute; on POST with a reason, start it."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    if request.method == "POST":
        return _start(request, found)
    return _page(request, found)


def _start(request: SignedInRequest, found: Assignment) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _page(request, found, error=NO_REASON)
    try:
        regrade = start_regrade(
            actor=request.user,
            assignment=found,
            revision=chosen_revision(found, request.POST.get("revision", "")),
            reason=reason,
            again="again" in request.POST,
        )
    except RegradeRefusedError as refused:
        return _page(request, found, error=str(refused))
    return redirect(regrade)


def _page(
    request: SignedInRequest, found: Assignment, *, error: str = ""
) -> HttpResponse:
    given = request.POST if request.method == "POST" else request.GET
    revision = chosen_revision(found, given.get("revision", ""))
    context = {
        "assignment": found,
        "tab": "marks",
        "course": found.course,
        "revision": revision,
        "revisions": found.revisions.order_by("-number"),
        "plan": plan_regrade(assignment=found, revision=revision),
        "open": open_regrade(found),
        "error": error,
        "reason": given.get("reason", ""),
    }
    status = UNPROCESSABLE if error else None
    return render(request, "grading/regrade_start.html", context, status=status)
