"""The staff's page of a course: what it needs, and what comes next."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.pages.checklist import course_checklist
from courses.pages.todo import count_people, todo_items
from courses.permissions import Right, can
from courses.views.access import allowed_course

_SESSIONS_SHOWN: Final = 8


@login_required
@require_safe
def manage(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what the course needs from its staff, and its next sessions."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    now = timezone.now()
    ahead = course.sessions.ahead(now).select_related("week", "room")
    context = {
        "course": course,
        "tab": "manage",
        "checklist": course_checklist(course, now),
        "todo": todo_items(course, now),
        "people": count_people(course),
        "now": now,
        "sessions": ahead.prefetch_related("teachers")[:_SESSIONS_SHOWN],
        "changes": course.changes.select_related("made_by")[:5],
        "may_edit": can(request.user, Right.EDIT, course),
    }
    return render(request, "courses/manage.html", context)
