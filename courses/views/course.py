"""A course's page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses import permissions
from courses.models import Course
from courses.outline import outline_of


@login_required
@require_safe
def course(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course: its weeks, this one open, and its coursework."""
    course = get_object_or_404(Course.objects.visible_to(request.user), slug=slug)
    now = timezone.now()
    context = {
        "course": course,
        "tab": "course",
        "outline": outline_of(course, request.user, now),
        "now": now,
        "is_course_staff": permissions.can_view_all_work(request.user, course),
    }
    return render(request, "courses/course.html", context)
