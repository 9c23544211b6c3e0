"""The views of a regrade: its changes, confirming it, and discarding it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right, can
from grading.models import Regrade
from grading.pages.regrade import regrade_page
from grading.services import RegradeRefusedError, confirm_regrade, discard_regrade
from grading.views.access import allowed_assignment, allowed_work
from grading.views.change_words import marks_in_words
from grading.views.live import live_page


@login_required
@require_safe
def regrade(request: SignedInRequest, slug: str, aslug: str, pk: int) -> HttpResponse:
    """Show each student's mark before and after; the fragment updates itself."""
    found = allowed_work(request.user, slug, aslug)
    page = regrade_page(
        regrade=_regrade(found, pk),
        may_edit=can(request.user, Right.EDIT, found.course),
    )
    return live_page(request, found, page, name="regrade")


@login_required
@require_POST
def regrade_confirm(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Make the regrade count, if its preview is still what the person has seen."""
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
            request, f"The new results count now. {marks_in_words(changed)} changed."
        )
    return redirect(chosen)


@login_required
@require_POST
def regrade_discard(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Discard the regrade, so that it never counts."""
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    chosen = _regrade(found, pk)
    try:
        discard_regrade(actor=request.user, regrade=chosen)
    except RegradeRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(
            request, "The regrade has been discarded. No mark has changed."
        )
    return redirect(chosen)


def _regrade(found: Assignment, pk: int) -> Regrade:
    return get_object_or_404(
        found.regrades.select_related(
            "assignment__course", "revision", "requested_by", "ended_by"
        ),
        pk=pk,
    )
