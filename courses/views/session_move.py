"""The page that moves a session to another time or place."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.session_move import MoveForm
from courses.models import Session
from courses.services.timetable import SessionRefusedError, move_session
from courses.views.access import allowed_session
from courses.views.session_page import session_page


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_move(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask when and where the session takes place; on POST, move it."""
    session = allowed_session(request.user, slug, pk)
    with timezone.override(session.course.tz):
        if request.method != "POST":
            form = MoveForm.of(session)
            return session_page(request, session, "session_move", form, "")
        return _move(request, session, MoveForm(request.POST))


def _move(request: SignedInRequest, session: Session, form: MoveForm) -> HttpResponse:
    error = ""
    if form.is_valid():
        try:
            move_session(
                actor=request.user,
                session=session,
                to=form.arrangement,
                reason=form.cleaned_data["reason"],
            )
        except SessionRefusedError as refused:
            error = str(refused)
        else:
            messages.success(request, f"{session} has been moved. Students are told.")
            return redirect("courses:manage", session.course.slug)
    return session_page(request, session, "session_move", form, error)
