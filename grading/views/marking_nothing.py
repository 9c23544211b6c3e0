"""Students who handed in nothing: 0 points, excused, or marked by another channel."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from grading.models import Standing
from grading.pages.marking_desk import overview_url
from grading.pages.marking_nothing import marking_nothing_page
from grading.services.mark_standing import StandingRefusedError, set_standings
from grading.services.marker_scope import marker_scope
from grading.services.marking_queue import load_marking_queue
from grading.views.access import allowed_assignment

_UNPROCESSABLE: Final = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def marking_nothing(
    request: SignedInRequest, slug: str, aslug: str, key: str
) -> HttpResponse:
    """List who handed in nothing; on POST, store what is decided for those chosen."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE)
    scope = marker_scope(request.user, found)
    queue = load_marking_queue(found, scope, key=key)
    question = queue.question(key)
    if question is None:
        raise Http404
    codes = set(request.POST.getlist("code"))
    page = marking_nothing_page(found, question, queue, scope, chosen=codes)
    faults = []
    if request.method == "POST":
        takes_undecided = request.POST.get("undecided") == "1"
        chosen = [
            row.item.student
            for row in page.rows
            if row.is_chosen or (takes_undecided and row.is_undecided)
        ]
        if fault := _store(request, found, chosen):
            faults = [fault]
        else:
            students = "student" if len(chosen) == 1 else "students"
            messages.success(request, f"Stored for {len(chosen)} {students}.")
            return redirect(request.path)
    context = {
        "page": page,
        "overview_url": overview_url(found),
        "faults": faults,
        "typed": request.POST,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    status = _UNPROCESSABLE if faults else 200
    return render(request, "grading/marking_nothing.html", context, status=status)


def _store(request: SignedInRequest, found: Assignment, chosen: list[int]) -> str:
    """Store the decision for these students, and return why not; empty if it is."""
    if not chosen:
        return "Choose at least one student."
    wanted = request.POST.get("standing", "")
    try:
        set_standings(
            actor=request.user,
            assignment=found,
            students=chosen,
            standing=Standing(wanted) if wanted in Standing.values else None,
            reason=request.POST.get("reason", "").replace("\0", ""),
        )
    except StandingRefusedError as refused:
        return str(refused)
    return ""
