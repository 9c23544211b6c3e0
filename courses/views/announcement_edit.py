"""The page that changes an announcement."""

from functools import partial
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.announcements import AnnouncementForm
from courses.models import Announcement
from courses.services.announcements import edit_announcement
from courses.views.access import allowed_announcement
from courses.views.announcements import store_announcement

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcement_edit(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Show the form with the announcement; on POST, store the changes."""
    found = allowed_announcement(request.user, slug, pk)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            return _page(request, found, AnnouncementForm.of(found))
        form = AnnouncementForm.of(found, request.POST)
        edit = partial(edit_announcement, actor=request.user, announcement=found)
        if store_announcement(form, edit):
            messages.success(request, "Changed.")
            return redirect("courses:announcements", found.course.slug)
        return _page(request, found, form)


def _page(
    request: SignedInRequest, found: Announcement, form: AnnouncementForm
) -> HttpResponse:
    context = {
        "course": found.course,
        "tab": "manage",
        "announcement": found,
        "form": form,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "courses/announcement_edit.html", context, status=status)
