"""The page that cancels a session."""

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.services.timetable import cancel_session
from courses.views.access import allowed_session
from courses.views.session_page import ask_reason


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask why the session is cancelled; on POST, cancel it."""
    session = allowed_session(request.user, slug, pk)
    return ask_reason(
        request,
        session,
        cancel_session,
        template="session_cancel",
        done=f"{session} has been cancelled. Students are told.",
    )
