"""Pages on which staff list, write, change and delete announcements."""

from collections.abc import Callable
from functools import partial
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.announcements import AnnouncementForm
from courses.models import Announcement, Course
from courses.permissions import Right, can
from courses.services.access import require
from courses.services.announcements import (
    AnnouncementRefusedError,
    announce,
    delete_announcement,
    edit_announcement,
)
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
            return _list(request, course, AnnouncementForm())
        require(request.user, Right.EDIT, course)
        form = AnnouncementForm(request.POST)
        if _is_stored(form, partial(announce, actor=request.user, course=course)):
            messages.success(request, "Stored.")
            return redirect("courses:announcements", course.slug)
        return _list(request, course, form)


def _is_stored(form: AnnouncementForm, store: Callable[..., object]) -> bool:
    """Store the form's announcement; if refused, return False with the form's error."""
    if not form.is_valid():
        return False
    try:
        store(notice=form.notice(timezone.now()))
    except AnnouncementRefusedError as refused:
        form.add_error("ends_at", str(refused))
        return False
    return True


def _list(
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
    return render(request, "courses/manage/announcements.html", context, status=status)


def _announcement(request: SignedInRequest, slug: str, pk: int) -> Announcement:
    course = allowed_course(request.user, slug, Right.EDIT)
    rows = course.announcements.visible_to(request.user)
    return get_object_or_404(rows.select_related("course", "author"), pk=pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcement_edit(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Show the form with the announcement; on POST, store the changes."""
    found = _announcement(request, slug, pk)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            return _form_page(request, found, AnnouncementForm.of(found))
        form = AnnouncementForm.of(found, request.POST)
        edit = partial(edit_announcement, actor=request.user, announcement=found)
        if _is_stored(form, edit):
            messages.success(request, "Changed.")
            return redirect("courses:announcements", found.course.slug)
        return _form_page(request, found, form)


def _form_page(
    request: SignedInRequest, found: Announcement, form: AnnouncementForm
) -> HttpResponse:
    context = {
        "course": found.course,
        "tab": "manage",
        "announcement": found,
        "form": form,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/manage/announcement.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcement_delete(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask for confirmation; on POST, delete the announcement."""
    found = _announcement(request, slug, pk)
    if request.method == "POST":
        delete_announcement(actor=request.user, announcement=found)
        messages.success(request, f"“{found.title}” is deleted.")
        return redirect("courses:announcements", found.course.slug)
    context = {"course": found.course, "tab": "manage", "announcement": found}
    return render(request, "courses/manage/announcement_delete.html", context)
