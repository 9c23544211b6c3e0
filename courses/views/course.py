"""A course's page."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.filtering import Narrowing, narrow
from courses.models import Announcement
from courses.outline import outline_of
from courses.readers import reader_of
from courses.services.reading import note_visit

SHOWN = {"": "Everything", "examinable": "Examinable only", "new": "New to you"}


@login_required
@require_safe
def course(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course: its weeks, this one open, what is new, and its coursework."""
    now = timezone.now()
    reader = reader_of(request.user, slug, now)
    course = reader.course
    query, show = request.GET.get("q", "").strip(), request.GET.get("show", "")
    whole = outline_of(reader, now)
    asked = Narrowing.of(query, show)
    context = {
        "course": course,
        "tab": "course",
        "outline": narrow(whole, asked),
        "next_meeting": whole.next_meeting,
        "is_narrowed": bool(asked),
        "query": query,
        "show": show,
        "shown": SHOWN,
        "announcements": Announcement.objects.shown_to(reader).current(now),
        "now": now,
        "is_course_staff": reader.is_staff,
    }
    answer = render(request, "courses/course.html", context)
    note_visit(actor=request.user, course=course, seen_at=reader.seen_at, now=now)
    return answer
