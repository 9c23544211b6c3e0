"""The view of the statistics of a course."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right
from courses.views.access import allowed_course
from gradebook.pages.course_statistics import course_statistics_page


@login_required
@require_safe
def course_statistics(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show how the marks of each assessment are distributed, for staff."""
    course = allowed_course(request.user, slug, Right.VIEW_MARKS)
    page = course_statistics_page(user=request.user, course=course, now=timezone.now())
    context = {"course": course, "tab": "gradebook", "page": page}
    return render(request, "gradebook/course_statistics.html", context)
