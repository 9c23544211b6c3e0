"""What the pages that cancel, restore and move a session share."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.http import SignedInRequest
from courses.forms.reason import ReasonForm
from courses.forms.session_move import MoveForm
from courses.models import Session
from courses.services.timetable import SessionRefusedError, arrangement_words

UNPROCESSABLE: Final = 422


def ask_reason(
    request: SignedInRequest,
    session: Session,
    service: Callable[..., Session],
    *,
    template: str,
    done: str,
) -> HttpResponse:
    """Ask for the reason; on POST with one, call the service."""
    form = ReasonForm(request.POST if request.method == "POST" else None)
    error = ""
    if form.is_valid():
        reason = form.cleaned_data["reason"]
        try:
            service(actor=request.user, session=session, reason=reason)
        except SessionRefusedError as refused:
            error = str(refused)
        else:
            messages.success(request, done)
            return redirect("courses:manage", session.course.slug)
    return session_page(request, session, template, form, error)


def session_page(
    request: SignedInRequest,
    session: Session,
    template: str,
    form: ReasonForm | MoveForm,
    error: str,
) -> HttpResponse:
    """Show the form about the session, with the error of a service if there is one."""
    context = {
        "course": session.course,
        "tab": "manage",
        "session": session,
        "stands": arrangement_words(session),
        "form": form,
        "error": error,
    }
    is_refused = bool(error) or bool(form.errors)
    status = UNPROCESSABLE if is_refused else None
    return render(request, f"courses/{template}.html", context, status=status)
