"""The page that deletes an announcement."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.services.announcements import delete_announcement
from courses.views.access import allowed_announcement


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def announcement_delete(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask for confirmation; on POST, delete the announcement."""
    found = allowed_announcement(request.user, slug, pk)
    if request.method == "POST":
        delete_announcement(actor=request.user, announcement=found)
        messages.success(request, f"“{found.title}” has been deleted.")
        return redirect("courses:announcements", found.course.slug)
    context = {"course": found.course, "tab": "manage", "announcement": found}
    return render(request, "courses/announcement_delete.html", context)
