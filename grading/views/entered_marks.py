"""The page on which people enter the marks of coursework that is not handed in."""

from dataclasses import replace
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.models import User
from courses.models import Assignment
from courses.permissions import DECIDES_MARKS, Right, rights_at
from grading.forms.entered_marks import EnteredFields, read_entered
from grading.pages.entered_marks import NOTHING_TYPED, TypedMarks, entered_marks_page
from grading.services.entered_marks import (
    EntriesConflictError,
    EntriesRefusedError,
    NotEnteredError,
    enter_marks,
)
from grading.views.access import visible_assignment

UNPROCESSABLE: Final = 422
CONFLICT: Final = 409


def enterable_assignment(user: User, slug: str, aslug: str) -> Assignment:
    """Return the assignment if the person may enter its marks, or raise 403 or 404."""
    found = visible_assignment(user, slug, aslug, entered=True)
    if not rights_at(user, found) & DECIDES_MARKS:
        raise PermissionDenied
    return found


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def entered_marks(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show every student with the points that are entered; on POST, store changed ones.

    Of the fields, only those that differ from what the sender saw are stored: all of
    them or, if there is a fault, none. What was typed then stays.
    """
    found = enterable_assignment(request.user, slug, aslug)
    if found.marks_out_of is None:
        messages.error(request, str(NotEnteredError(found)))
        return redirect("grading:assignment-staff", slug, aslug)
    if request.method != "POST":
        return _page(request, found, NOTHING_TYPED)
    given = read_entered(request.POST.dict(), found.marks_out_of)
    if not given.is_valid:
        return _page(request, found, _typed(given), status=UNPROCESSABLE)
    try:
        count = enter_marks(
            actor=request.user,
            assignment=found,
            entries=given.entries,
            reason=given.reason,
        )
    except EntriesRefusedError as refused:
        typed = _typed(given, refused.faults)
        return _page(request, found, typed, status=UNPROCESSABLE)
    except EntriesConflictError as conflict:
        faults = {key: each.words for key, each in conflict.conflicts.items()}
        # Of these marks, the sender sees now what is stored.
        seen = {key: text for key, text in given.seen.items() if key not in faults}
        typed = replace(_typed(given, faults), seen=seen)
        return _page(request, found, typed, status=CONFLICT)
    messages.success(request, _done(count))
    return redirect("grading:entered-marks", slug, aslug)


def _done(count: int) -> str:
    if not count:
        return "Nothing was changed."
    return "1 mark is stored." if count == 1 else f"{count} marks are stored."


def _typed(given: EnteredFields, faults: dict[int, str] | None = None) -> TypedMarks:
    return TypedMarks(
        texts=given.texts,
        seen=given.seen,
        faults={**given.faults, **(faults or {})},
        reason=given.reason,
        reason_fault=given.reason_fault,
    )


def _page(
    request: SignedInRequest, found: Assignment, typed: TypedMarks, *, status: int = 200
) -> HttpResponse:
    rights = rights_at(request.user, found)
    context = {
        "page": entered_marks_page(found, typed),
        "assignment": found,
        "course": found.course,
        "tab": "marks",
        "may_edit": Right.EDIT in rights,
        "may_manage_marks": Right.MANAGE_MARKS in rights,
    }
    return render(request, "grading/entered_marks.html", context, status=status)
