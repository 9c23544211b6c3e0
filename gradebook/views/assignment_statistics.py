"""The view of the statistics of an assignment."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right, rights_at
from gradebook.pages.assignment_statistics import assignment_statistics_page
from grading.views.access import visible_assignment


@login_required
@require_safe
def assignment_statistics(
    request: SignedInRequest, slug: str, aslug: str
) -> HttpResponse:
    """Show the marks of each question and check, and when attempts came in.

    SECURITY: while work is marked apart, or a second marking of it is still to be given
    by the person, it is closed to them as the marks are.
    """
    found = visible_assignment(request.user, slug, aslug)
    if Right.VIEW_MARKS not in rights_at(request.user, found):
        raise PermissionDenied
    page = assignment_statistics_page(user=request.user, assignment=found)
    context = {
        "course": found.course,
        "assignment": found,
        "tab": "gradebook",
        "page": page,
    }
    return render(request, "gradebook/assignment_statistics.html", context)
