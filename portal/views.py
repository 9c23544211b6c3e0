"""The views of the pages that belong to no course."""

import re

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Course
from grading.models import GradingRun
from portal.home_page import assignments_ahead, news_of, next_sessions

DUE_SHOWN = 8
RUNS_SHOWN = 5
UNAVAILABLE = 503


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
    context = {
        "courses": list(courses.values()),
        "session_items": next_sessions(courses, user, now),
        "due": assignments_ahead(user, courses, now)[:DUE_SHOWN],
        "news": news_of(courses, user, now),
        "runs": runs.visible_to(user)[:RUNS_SHOWN],
        "now": now,
    }
    return render(request, "portal/home.html", context)


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 if this process reaches its database, or 503."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("no database\n", "text/plain", UNAVAILABLE)
    return HttpResponse("ok\n", "text/plain")


@require_safe
def style(request: HttpRequest) -> HttpResponse:
    """Show every component. Only routed while DEBUG is on."""
    now = timezone.now()
    sample = Course(
        title="Deep Learning", slug="sample", module_codes=["70010"], time_zone="UTC"
    )
    sprite = (settings.BASE_DIR / "static/img/icons.svg").read_text()
    context = {
        "now": now,
        "course": sample,
        "icons": re.findall(r'symbol id="([^"]+)"', sprite),
    }
    return render(request, "portal/style.html", context)
