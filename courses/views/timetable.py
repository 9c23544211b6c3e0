"""Pages that cancel, restore and move sessions, and shift the rest of a course."""

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.reason import ReasonForm
from courses.forms.session_move import MoveForm
from courses.forms.shift import ShiftForm
from courses.models import Course, Session
from courses.pages.shift import shift_preview
from courses.permissions import Right
from courses.services.shifting import (
    ShiftPlan,
    ShiftRefusedError,
    apply_shift,
    plan_shift,
)
from courses.services.timetable import (
    SessionRefusedError,
    arrangement_words,
    cancel_session,
    move_session,
    restore_session,
)
from courses.views.access import allowed_course

UNPROCESSABLE: Final = 422


def _session(request: SignedInRequest, slug: str, pk: int) -> Session:
    course = allowed_course(request.user, slug, Right.EDIT)
    rows = course.sessions.visible_to(request.user)
    return get_object_or_404(rows.select_related("course", "week", "room"), pk=pk)


def _ask_reason(
    request: SignedInRequest,
    session: Session,
    service: Callable[..., Session],
    *,
    page: str,
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
    return _session_page(request, session, page, form, error)


def _session_page(
    request: SignedInRequest,
    session: Session,
    page: str,
    form: ReasonForm | MoveForm,
    error: str,
) -> HttpResponse:
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
    return render(request, f"courses/manage/{page}.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_cancel(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask why the session is cancelled; on POST, cancel it."""
    session = _session(request, slug, pk)
    return _ask_reason(
        request,
        session,
        cancel_session,
        page="session_cancel",
        done=f"{session} is cancelled, and students are told.",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_restore(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask why the session takes place after all; on POST, restore it."""
    session = _session(request, slug, pk)
    return _ask_reason(
        request,
        session,
        restore_session,
        page="session_restore",
        done=f"{session} takes place after all, and students are told.",
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def session_move(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Ask when and where the session takes place; on POST, move it."""
    session = _session(request, slug, pk)
    with timezone.override(session.course.tz):
        if request.method != "POST":
            form = MoveForm.of(session)
            return _session_page(request, session, "session_move", form, "")
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
            messages.success(request, f"{session} has moved, and students are told.")
            return redirect("courses:manage", session.course.slug)
    return _session_page(request, session, "session_move", form, error)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def shift(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what would move; on POST with a reason and the preview's digest, move it."""
    course = allowed_course(request.user, slug, Right.EDIT)
    given = request.POST if request.method == "POST" else request.GET
    form = ShiftForm(course, given if "from_week" in given else None)
    if not form.is_valid():
        return _shift_page(request, course, form)
    if request.method == "POST":
        return _shift(request, course, form)
    return _shift_page(request, course, form, plan=_plan(course, form))


def _plan(course: Course, form: ShiftForm) -> ShiftPlan:
    return plan_shift(course=course, now=timezone.now(), **form.cleaned_data)


def _shift(request: SignedInRequest, course: Course, form: ShiftForm) -> HttpResponse:
    try:
        done = apply_shift(
            actor=request.user,
            course=course,
            seen=request.POST.get("digest", ""),
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
            **form.cleaned_data,
        )
    except ShiftRefusedError as refused:
        plan = _plan(course, form)
        return _shift_page(request, course, form, plan=plan, error=str(refused))
    messages.success(request, f"{done.words}. Students are told.")
    return redirect("courses:manage", course.slug)


def _shift_page(
    request: SignedInRequest,
    course: Course,
    form: ShiftForm,
    *,
    plan: ShiftPlan | None = None,
    error: str = "",
) -> HttpResponse:
    context: dict[str, Any] = {
        "course": course,
        "tab": "manage",
        "form": form,
        "plan": plan,
        "preview": shift_preview(plan) if plan else None,
        "error": error,
        "reason": request.POST.get("reason", ""),
    }
    status = UNPROCESSABLE if error or form.errors else None
    return render(request, "courses/manage/shift.html", context, status=status)
