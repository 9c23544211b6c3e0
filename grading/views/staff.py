"""Everybody's work at one assignment."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right, can, can_view_all_work
from grading.pages.staff import staff_page
from grading.views.access import visible_assignment


@login_required
@require_safe
def assignment_staff(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List every enrolled student with the latest run and the mark."""
    found = visible_assignment(request.user, slug, aslug)
    if not can_view_all_work(request.user, found.course):
        raise PermissionDenied
    page = staff_page(
        assignment=found,
        q=request.GET.get("q", "").strip(),
        state=request.GET.get("state", ""),
        sort=request.GET.get("sort", "name"),
    )
    context = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "can_edit": can(request.user, Right.EDIT, found.course),
    }
    is_fragment = request.headers.get("HX-Request") == "true"
    template = "grading/_staff_table.html" if is_fragment else "grading/staff.html"
    answer = render(request, template, context)
    patch_vary_headers(answer, ["HX-Request"])
    return answer
