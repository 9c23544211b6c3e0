"""The staff's page of a course: what it needs, and what comes next."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.pages.manage import manage_page
from courses.permissions import Right, rights_in
from courses.views.access import allowed_course


@login_required
@require_safe
def manage(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what the course needs from its staff, and its next sessions."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    rights = rights_in(request.user, course)
    now = timezone.now()
    context = {
        "course": course,
        "tab": "manage",
        "page": manage_page(request.user, course, now),
        "now": now,
        "may_edit": Right.EDIT in rights,
        "may_manage_people": Right.MANAGE_PEOPLE in rights,
        "may_manage_marks": Right.MANAGE_MARKS in rights,
    }
    return render(request, "courses/manage.html", context)
