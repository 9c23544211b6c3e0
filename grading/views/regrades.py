"""The views of re-score and rerun: they show all changes before they are confirmed."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right, can
from courses.services.revisions import derive_revision
from grading.models import Regrade
from grading.pages.regrade import regrade_page
from grading.pages.rescore import RescorePage, rescore_page
from grading.services import (
    RegradeRefusedError,
    RescoreRefusedError,
    confirm_regrade,
    discard_regrade,
    open_regrade,
    plan_rerun,
    rescore,
    start_regrade,
)
from grading.views.access import allowed_assignment, chosen_revision
from grading.views.live import live_page

UNPROCESSABLE = 422
_NO_REASON = "Give a reason. It is recorded with every mark that changes."


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rescore_marks(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
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
        return _rescore_answer(request, page)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _rescore_answer(request, page, error=_NO_REASON)
    try:
        changed = _rescore(request, page, reason)
    except RescoreRefusedError as refused:
        return _rescore_answer(request, page, error=str(refused), reason=reason)
    messages.success(
        request, (f"The work has been re-scored. {_marks(changed)} changed.")
    )
    return redirect("grading:assignment-staff", slug, aslug)


@transaction.atomic
def _rescore(request: SignedInRequest, page: RescorePage, reason: str) -> int:
    revision = page.revision
    if page.edited:
        revision = derive_revision(
            actor=request.user, revision=revision, points=page.edited
        )
    return rescore(
        actor=request.user,
        assignment=page.assignment,
        revision=revision,
        reason=reason,
        digest=request.POST.get("digest", ""),
    )


def _rescore_answer(
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


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def regrade_start(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show what a rerun would execute; on POST with a reason, start it."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    if request.method == "POST":
        return _start(request, found)
    return _start_answer(request, found)


def _start(request: SignedInRequest, found: Assignment) -> HttpResponse:
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _start_answer(request, found, error=_NO_REASON)
    try:
        regrade = start_regrade(
            actor=request.user,
            assignment=found,
            revision=chosen_revision(found, request.POST.get("revision", "")),
            reason=reason,
            again="again" in request.POST,
        )
    except RegradeRefusedError as refused:
        return _start_answer(request, found, error=str(refused))
    return redirect(regrade)


def _start_answer(
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
        "plan": plan_rerun(assignment=found, revision=revision),
        "open": open_regrade(found),
        "error": error,
        "reason": given.get("reason", ""),
    }
    status = UNPROCESSABLE if error else None
    return render(request, "grading/regrade_start.html", context, status=status)


@login_required
@require_safe
def regrade(request: SignedInRequest, slug: str, aslug: str, pk: int) -> HttpResponse:
    """Show each student's mark before and after; the fragment updates itself."""
    found = allowed_assignment(request.user, slug, aslug, Right.VIEW_ALL_WORK)
    page = regrade_page(
        regrade=_regrade(found, pk),
        may_edit=can(request.user, Right.EDIT, found.course),
    )
    context = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    return live_page(
        request,
        context,
        page="grading/regrade.html",
        fragment="grading/_regrade.html",
    )


@login_required
@require_POST
def regrade_confirm(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Make the rerun count, if its preview is still what the person has seen."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    chosen = _regrade(found, pk)
    try:
        changed = confirm_regrade(
            actor=request.user, regrade=chosen, seen=request.POST.get("digest", "")
        )
    except RegradeRefusedError as refused:
        messages.error(request, f"Nothing was changed. {refused}")
    else:
        messages.success(
            request, (f"The new results count now. {_marks(changed)} changed.")
        )
    return redirect(chosen)


@login_required
@require_POST
def regrade_discard(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Discard the rerun, so that it never counts."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    chosen = _regrade(found, pk)
    try:
        discard_regrade(actor=request.user, regrade=chosen)
    except RegradeRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The rerun has been discarded. No mark has changed.")
    return redirect(chosen)


def _regrade(found: Assignment, pk: int) -> Regrade:
    return get_object_or_404(
        found.regrades.select_related(
            "assignment__course", "revision", "requested_by", "ended_by"
        ),
        pk=pk,
    )


def _marks(count: int) -> str:
    return "1 mark" if count == 1 else f"{count} marks"
