"""The view of everybody's work at one assignment."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right, rights_in
from grading.pages.assignment_staff import staff_page
from grading.pages.revisions import revisions_card
from grading.views.access import visible_assignment


@login_required
@require_safe
def assignment_staff(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List every enrolled student with the latest run and the mark."""
    found = visible_assignment(request.user, slug, aslug)
    rights = rights_in(request.user, found.course)
    if Right.VIEW_ALL_WORK not in rights:
        raise PermissionDenied
    page = staff_page(
        assignment=found,
        q=request.GET.get("q", "").strip(),
        state=request.GET.get("state", ""),
        sort=request.GET.get("sort", "name"),
    )
    context: dict[str, object] = {
        "page": page,
        "assignment": found,
        "tab": "marks",
        "course": found.course,
        "can_edit": Right.EDIT in rights,
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    if not is_fragment:
        context["revisions"] = revisions_card(
            assignment=found, may_edit=Right.EDIT in rights
        )
    template = (
        "grading/_staff_table.html" if is_fragment else "grading/assignment_staff.html"
    )
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
