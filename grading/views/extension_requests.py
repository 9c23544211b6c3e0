"""The view of the requests for extensions in a course."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import ExtensionRequest
from courses.permissions import Right
from courses.views.access import allowed_course

# Answered requests on the page, the latest first.
SHOWN: Final = 50


@login_required
@require_safe
def extension_requests(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the open requests of the course, and the latest of the others."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    rows = (
        ExtensionRequest.objects.visible_to(request.user)
        .filter(assignment__course=course)
        .select_related("assignment", "student", "answered_by")
    )
    context = {
        "course": course,
        "tab": "manage",
        "open": rows.open().order_by("made_at"),
        "closed": rows.exclude(state=ExtensionRequest.State.OPEN)[:SHOWN],
    }
    return render(request, "grading/extension_requests.html", context)
