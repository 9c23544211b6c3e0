"""The list of what was changed in a course, for its staff."""

from typing import Final

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.forms.changes import ChangesForm
from courses.models import CourseChange
from courses.permissions import Right
from courses.views.access import allowed_course

_PER_PAGE: Final = 40


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
    pages = Paginator(rows.select_related("made_by"), _PER_PAGE)
    context = {
        "course": course,
        "tab": "manage",
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "query": f"kind={kind}" if kind else "",
    }
    return render(request, "courses/changes.html", context)
