"""The view of the home page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Course
from courses.work_lists import in_order
from grading.models import GradingRun
from portal.pages.home import assignments_ahead, news_of, next_sessions

DUE_SHOWN = 8
RUNS_SHOWN = 5


@login_required
@require_safe
def home(request: SignedInRequest) -> HttpResponse:
    """Show the person's next sessions, what is due and what changed, in all courses."""
    user, now = request.user, timezone.now()
    rows = Course.objects.visible_to(user).for_viewer(user)
    courses = {course.pk: course for course in rows}
    runs = GradingRun.objects.filter(submission__author=user).select_related(
        "submission__assignment__course"
    )
    latest = in_order("-queued_at", is_sorted=True)
    context = {
        "courses": list(courses.values()),
        "session_items": next_sessions(courses, user, now),
        "due": assignments_ahead(user, courses, now)[:DUE_SHOWN],
        "news": news_of(courses, user, now),
        "runs": runs.visible_to(user).order_by(*latest)[:RUNS_SHOWN],
        "now": now,
    }
    return render(request, "portal/home.html", context)
