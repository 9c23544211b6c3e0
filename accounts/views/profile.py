"""The view of a person's own profile."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest


@login_required
@require_safe
def profile(request: SignedInRequest) -> HttpResponse:
    """Show who the person is to the portal, and their courses."""
    enrolments = (
        request.user.enrolments.active()
        .in_courses_visible_to(request.user)
        .select_related("course")
        .order_by("-course__academic_year", "course__title")
    )
    return render(request, "accounts/profile.html", {"enrolments": enrolments})
