"""The view of the regrade requests of an assignment."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right, rights_in
from grading.models import RegradeRequest
from grading.pages.regrade_requests import regrade_requests_page
from grading.services.marker_scope import MarkerScope, marker_scope
from grading.views.access import visible_assignment


@login_required
@require_safe
def regrade_requests(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List the requests that the person may answer or oversees, open ones first."""
    found = visible_assignment(request.user, slug, aslug)
    scope = marker_scope(request.user, found)
    # SECURITY: a request can say who wrote it, so whoever sees codes reads none.
    oversees = {Right.OVERSEE, Right.VIEW_ALL_WORK} <= rights_in(
        request.user, found.course
    )
    if not scope.may_mark and not oversees:
        raise PermissionDenied
    page = regrade_requests_page(
        user=request.user,
        assignment=found,
        scope=scope,
        state=request.GET.get("state", ""),
    )
    context = {
        "course": found.course,
        "assignment": found,
        "tab": "marks",
        "page": page,
        "states": RegradeRequest.State.choices,
    }
    return render(request, "grading/regrade_requests.html", context)


def marked_assignment(
    request: SignedInRequest, slug: str, aslug: str
) -> tuple[Assignment, MarkerScope]:
    """Return the assignment, and what the person may mark in it.

    404 if the person may not see it, and 403 if they mark nothing.
    """
    found = visible_assignment(request.user, slug, aslug)
    scope = marker_scope(request.user, found)
    if not scope.may_mark:
        raise PermissionDenied
    return found, scope
