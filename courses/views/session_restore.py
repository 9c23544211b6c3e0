"""The page that restores a cancelled session."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.services.timetable import restore_session
from courses.views.access import allowed_session
from courses.views.session_page import ask_reason


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_restore(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask why the session takes place after all; on POST, restore it."""
    session = allowed_session(request.user, slug, pk)
    return ask_reason(
        request,
        session,
        restore_session,
        template="session_restore",
        done=f"{session} takes place after all. Students are told.",
    )
