"""The staff pages of a course: what it needs, what comes next, and what was changed."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.forms.changes import ChangesForm
from courses.models import CourseChange
from courses.pages.checklist import course_checklist
from courses.pages.todo import count_people, todo_items
from courses.permissions import Right, can
from courses.views.access import allowed_course

_SESSIONS_SHOWN: Final = 8
_CHANGES_ON_A_PAGE: Final = 40


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
    return render(request, "courses/manage/manage.html", context)


@login_required
@require_safe
def changes(request: SignedInRequest, slug: str) -> HttpResponse:
    """List what was changed in the course, by whom and why, the newest first."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    form = ChangesForm(request.GET)
    rows = CourseChange.objects.visible_to(request.user).filter(course=course)
    kind = form.cleaned_data["kind"] if form.is_valid() else ""
    if kind:
        rows = rows.filter(kind=kind)
    pages = Paginator(rows.select_related("made_by"), _CHANGES_ON_A_PAGE)
    context = {
        "course": course,
        "tab": "manage",
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "query": f"kind={kind}" if kind else "",
    }
    return render(request, "courses/manage/changes.html", context)
