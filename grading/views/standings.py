"""The view that decides for chosen students: their standing, or a cap of the mark."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.models import User
from courses.frozen_marks import MarksFrozenError
from courses.models import Assignment
from courses.permissions import Right
from grading.forms.standings import CapForm, StandingsForm
from grading.pages.standings import standings_page
from grading.services.mark_caps import CapRefusedError, set_caps
from grading.services.mark_standing import StandingRefusedError, set_standings
from grading.views.access import allowed_assignment, number_in

_UNPROCESSABLE: Final = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def standings(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """List what is decided for each student; on POST, decide for those chosen."""
    found = allowed_assignment(
        request.user, slug, aslug, Right.MANAGE_MARKS, entered=True
    )
    if request.method != "POST":
        return _page(request, found, frozenset())
    numbers = map(number_in, request.POST.getlist("student"))
    chosen = frozenset(each for each in numbers if each is not None)
    caps = request.POST.get("decide") == "cap"
    form = _cap_form(request.POST) if caps else StandingsForm(request.POST)
    if not form.is_valid():
        return _page(request, found, chosen, form)
    try:
        count = _store(request.user, found, chosen, form)
    except (StandingRefusedError, CapRefusedError, MarksFrozenError) as refused:
        form.add_error(None, str(refused))
        return _page(request, found, chosen, form)
    messages.success(request, f"Stored for {count} student{'' if count == 1 else 's'}.")
    return redirect("grading:standings", slug, aslug)


def _cap_form(given: QueryDict | None = None) -> CapForm:
    # Both forms are in one HTML form, so the names and ids of the fields differ.
    return CapForm(given, prefix="cap")


def _store(
    actor: User,
    found: Assignment,
    chosen: frozenset[int],
    form: StandingsForm | CapForm,
) -> int:
    """Store what a valid form decides; return for how many students."""
    if isinstance(form, CapForm):
        return set_caps(
            actor=actor, assignment=found, students=chosen, **form.cleaned_data
        )
    return set_standings(
        actor=actor,
        assignment=found,
        students=chosen,
        standing=form.decision,
        reason=form.cleaned_data["reason"],
    )


def _page(
    request: SignedInRequest,
    found: Assignment,
    chosen: frozenset[int],
    refused: StandingsForm | CapForm | None = None,
) -> HttpResponse:
    context = {
        "page": standings_page(found, chosen),
        "form": refused if isinstance(refused, StandingsForm) else StandingsForm(),
        "cap_form": refused if isinstance(refused, CapForm) else _cap_form(),
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    status = _UNPROCESSABLE if refused is not None else None
    return render(request, "grading/standings.html", context, status=status)
