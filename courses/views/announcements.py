"""The page on which staff list and add announcements."""

from collections.abc import Callable
from functools import partial
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.announcements import AnnouncementForm
from courses.models import Course
from courses.permissions import Right, can
from courses.services.access import require_right
from courses.services.announcements import AnnouncementRefusedError, create_announcement
from courses.views.access import allowed_course

UNPROCESSABLE: Final = 422
_ON_A_PAGE: Final = 20


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcements(request: SignedInRequest, slug: str) -> HttpResponse:
    """List the course's announcements; on POST, add one."""
    course = allowed_course(request.user, slug, Right.VIEW_ALL_WORK)
    with timezone.override(course.tz):
        if request.method != "POST":
            return _page(request, course, AnnouncementForm())
        require_right(request.user, Right.EDIT, course)
        form = AnnouncementForm(request.POST)
        if store_announcement(
            form, partial(create_announcement, actor=request.user, course=course)
        ):
            messages.success(request, "Stored.")
            return redirect("courses:announcements", course.slug)
        return _page(request, course, form)


def store_announcement(form: AnnouncementForm, store: Callable[..., object]) -> bool:
    """Store the form's announcement; if refused, return False with the form's error."""
    if not form.is_valid():
        return False
    try:
        store(content=form.content(timezone.now()))
    except AnnouncementRefusedError as refused:
        form.add_error("ends_at", str(refused))
        return False
    return True


def _page(
    request: SignedInRequest, course: Course, form: AnnouncementForm
) -> HttpResponse:
    rows = course.announcements.visible_to(request.user).select_related("author")
    pages = Paginator(rows, _ON_A_PAGE)
    context = {
        "course": course,
        "tab": "manage",
        "form": form,
        "page": pages.get_page(request.GET.get("page")),
        "now": timezone.now(),
        "may_edit": can(request.user, Right.EDIT, course),
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/announcements.html", context, status=status)
