"""A course's page."""

import datetime as dt

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.models import Announcement
from courses.pages.course import course_page
from courses.pages.course_search import CourseSearch, search
from courses.pages.viewer import CourseViewer, viewer_of
from courses.services.reading_progress import note_visit

SHOWN = {"": "Everything", "examinable": "Examinable only", "new": "New to you"}


class VisitResponse(HttpResponse):
    """A response that stores the visit once it is sent, so that nobody waits for it."""

    def __init__(self, page: str, *, viewer: CourseViewer, now: dt.datetime) -> None:
        super().__init__(page)
        self._viewer = viewer
        self._now = now

    def close(self) -> None:
        """Store the visit. The server calls this with the database still connected."""
        try:
            note_visit(
                actor=self._viewer.user,
                course=self._viewer.course,
                seen_at=self._viewer.seen_at,
                now=self._now,
            )
        finally:
            super().close()


@login_required
@require_safe
def course(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course: its weeks with this one open, what is new, its coursework."""
    now = timezone.now()
    viewer = viewer_of(request.user, slug, now)
    course = viewer.course
    query, show = request.GET.get("q", "").strip(), request.GET.get("show", "")
    whole = course_page(viewer, now)
    asked = CourseSearch.of(query, show)
    context = {
        "course": course,
        "tab": "course",
        "page": search(whole, asked),
        "next_session": whole.next_session,
        "is_narrowed": bool(asked),
        "query": query,
        "show": show,
        "shown": SHOWN,
        "announcements": Announcement.objects.shown_to(viewer).current(now),
        "now": now,
        "is_course_staff": viewer.is_staff,
    }
    page = render_to_string("courses/course.html", context, request)
    return VisitResponse(page, viewer=viewer, now=now)
