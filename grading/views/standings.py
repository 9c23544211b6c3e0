"""The view that decides for chosen students: absent, excused, withheld, or 0 points."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from grading.forms.standings import StandingsForm
from grading.pages.standings import standings_page
from grading.services.mark_standing import StandingRefusedError, set_standings
from grading.views.access import allowed_assignment, number_in

_UNPROCESSABLE: Final = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def standings(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List what is decided for each student; on POST, decide for those chosen."""
    found = allowed_assignment(request.user, slug, aslug, Right.MANAGE_MARKS)
    if request.method != "POST":
        return _page(request, found, StandingsForm(), frozenset())
    form = StandingsForm(request.POST)
    numbers = map(number_in, request.POST.getlist("student"))
    chosen = frozenset(each for each in numbers if each is not None)
    if not form.is_valid():
        return _page(request, found, form, chosen)
    try:
        count = set_standings(
            actor=request.user,
            assignment=found,
            students=chosen,
            standing=form.decision,
            reason=form.cleaned_data["reason"],
        )
    except StandingRefusedError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, form, chosen)
    messages.success(request, f"Stored for {count} student{'' if count == 1 else 's'}.")
    return redirect("grading:standings", slug, aslug)


def _page(
    request: SignedInRequest,
    found: Assignment,
    form: StandingsForm,
    chosen: frozenset[int],
) -> HttpResponse:
    context = {
        "page": standings_page(found, chosen),
        "form": form,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    status = _UNPROCESSABLE if form.errors else None
    return render(request, "grading/standings.html", context, status=status)
