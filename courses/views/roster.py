"""The page that imports and exports a course's people as a CSV file."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from accounts.throttles import ImportThrottle, seconds_to_wait
from courses.forms.roster import RosterForm
from courses.models import Course
from courses.permissions import Right
from courses.services.enrolments import RoleRefusedError
from courses.services.held_uploads import NothingPendingError
from courses.services.invitations import send_invitations
from courses.services.roster import (
    RosterChangedError,
    RosterImport,
    export_roster,
    forget_roster,
    held_roster,
    hold_roster,
    import_roster,
    plan_roster,
)
from courses.services.roster_plan import Plan, Step
from courses.views.access import allowed_course
from courses.views.import_uploads import too_many_uploads, with_retry_after
from courses.views.people import show_invitations_sent
from formats.problems import Problem
from formats.roster import MOST_BYTES, RosterError

UNPROCESSABLE = 422
# The steps that the page lists. People who stay as they are are only counted.
LISTED = {
    Step.NEW: "New accounts",
    Step.ENROL: "Enrolled, with an account already",
    Step.BACK: "Active again",
    Step.CHANGE: "Changed",
    Step.LEAVE: "Made inactive",
    Step.MISSING: "Not in this file, not changed",
}
GONE = Problem(
    message="The file that you uploaded is gone, or a newer upload has replaced it.",
    hint="Choose the file again.",
)
CHANGED = Problem(
    message=(
        "This is no longer the preview that you saw: the course, an account or the "
        "file has changed."
    ),
    hint=(
        "Nothing was imported. Below you see what the file would change now. Check "
        "it and import it again."
    ),
)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def roster(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the form; then what the file would change; then change exactly that."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    if request.method != "POST":
        return _page(request, course, RosterForm())
    if wait := seconds_to_wait(ImportThrottle, request):
        return _too_often(request, course, wait)
    try:
        if "digest" in request.POST:
            return _confirm(request, course)
        return _preview(request, course)
    except RosterError as error:
        return _page(request, course, _again(request), faults=error.problems)
    except NothingPendingError:
        return _page(request, course, _again(request), faults=(GONE,))


@login_required
@require_safe
def roster_export(request: SignedInRequest, slug: str) -> HttpResponse:
    """Send the people of the course as a CSV file; the service records the export."""
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    text = export_roster(actor=request.user, course=course)
    day = timezone.now().astimezone(course.tz).date().isoformat()
    # With a byte order mark: without it, spreadsheets guess an older encoding.
    answer = HttpResponse(text.encode("utf-8-sig"), "text/csv; charset=utf-8")
    answer["Content-Disposition"] = (
        f'attachment; filename="roster-{course.slug}-{day}.csv"'
    )
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _preview(request: SignedInRequest, course: Course) -> HttpResponse:
    """Keep the file, and show what it would change."""
    form = RosterForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, course, form)
    # One byte more than is allowed, so that the reader refuses a longer file.
    content = form.cleaned_data["file"].read(MOST_BYTES + 1)
    deactivate = form.cleaned_data["deactivate_missing"]
    plan = plan_roster(
        actor=request.user,
        course=course,
        content=content,
        deactivate_missing=deactivate,
    )
    hold_roster(actor=request.user, course=course, content=content)
    return _page(request, course, form, plan=plan)


def _confirm(request: SignedInRequest, course: Course) -> HttpResponse:
    """Import the kept file as previewed, or show what it would change now."""
    form = RosterForm(request.POST)
    form.fields["file"].required = False
    form.full_clean()
    deactivate = form.cleaned_data["deactivate_missing"]
    content = held_roster(actor=request.user, course=course)
    wanted: dict[str, Any] = {
        "actor": request.user,
        "course": course,
        "content": content,
        "deactivate_missing": deactivate,
    }
    try:
        done = import_roster(**wanted, digest=request.POST["digest"] or "none")
    except RosterChangedError:
        plan = plan_roster(**wanted)
        return _page(request, course, form, plan=plan, faults=(CHANGED,))
    except RoleRefusedError as error:
        fault = Problem(message=str(error))
        return _page(request, course, _again(request), faults=(fault,))
    forget_roster(actor=request.user, course=course)
    messages.success(request, _words(done))
    if form.cleaned_data["invite"]:
        show_invitations_sent(request, send_invitations(course, done.cannot_sign_in))
    return redirect("courses:people", course.slug)


def _words(done: RosterImport) -> str:
    counts = done.plan.counts
    told = {
        "new": counts[Step.NEW] + counts[Step.ENROL],
        "back": counts[Step.BACK],
        "changed": counts[Step.CHANGE],
        "made inactive": counts[Step.LEAVE],
    }
    words = ", ".join(f"{count} {verb}" for verb, count in told.items() if count)
    return f"The roster has been imported: {words or 'there was nothing to change'}."


def _again(request: SignedInRequest) -> RosterForm:
    """Return the form with what was ticked. The person must choose the file again."""
    ticked = {name: name in request.POST for name in ("deactivate_missing", "invite")}
    return RosterForm(initial=ticked)


def _too_often(request: SignedInRequest, course: Course, wait: int) -> HttpResponse:
    answer = _page(request, course, _again(request), faults=(too_many_uploads(wait),))
    return with_retry_after(answer, wait)


def _page(
    request: SignedInRequest,
    course: Course,
    form: RosterForm,
    *,
    plan: Plan | None = None,
    faults: tuple[Problem, ...] = (),
) -> HttpResponse:
    context = {
        "course": course,
        "tab": "manage",
        "form": form,
        "plan": plan,
        "groups": [(LISTED[step], plan.of(step)) for step in LISTED] if plan else [],
        "counts": plan.counts if plan else {},
        "faults": faults,
    }
    is_refused = bool(faults) or (form.is_bound and not plan)
    status = UNPROCESSABLE if is_refused else None
    return render(request, "courses/roster.html", context, status=status)
