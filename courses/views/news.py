"""The news of a course: announcements and changes."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Announcement
from courses.pages.viewer import viewer_of

PER_PAGE: Final = 20


@login_required
@require_safe
def news(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course's newest announcements, and what changed in it for the person."""
    now = timezone.now()
    viewer = viewer_of(request.user, slug, now)
    course = viewer.course
    announcements = Announcement.objects.shown_to(viewer)
    changes = course.changes.news_for(request.user)
    rows = changes.with_extra_time_of(request.user).select_related(
        "course", "session__week", "material", "assignment"
    )
    context = {
        "course": course,
        "tab": "",
        "announcements": announcements.select_related("author")[:PER_PAGE],
        "page": Paginator(rows, PER_PAGE).get_page(request.GET.get("page")),
        "now": now,
        "is_course_staff": viewer.is_staff,
    }
    return render(request, "courses/news.html", context)
