"""The view that releases the marks of an assignment."""

import datetime as dt
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from courses.wall_clock import moment_words
from grading.forms.release import ReleaseForm, TakeBackForm, chosen_group
from grading.pages.release import groups_of, release_page
from grading.services.releasing import (
    NoReleaseError,
    ReleaseRefusedError,
    release_marks,
    take_back_release,
)
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def release(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show what a release would show to whom; on POST, release or take it back."""
    found = allowed_assignment(
        request.user, slug, aslug, Right.MANAGE_MARKS, entered=True
    )
    with timezone.override(found.course.tz):
        now = timezone.now()
        if request.method != "POST":
            return _page(request, found, now)
        if "take_back" in request.POST:
            return _take_back(request, found, now)
        return _release(request, found, now)


def _take_back(
    request: SignedInRequest, found: Assignment, now: dt.datetime
) -> HttpResponse:
    form = TakeBackForm(request.POST)
    if not form.is_valid():
        return _page(request, found, now, taken_back=form)
    try:
        take_back_release(
            actor=request.user,
            assignment=found,
            reason=form.cleaned_data["reason"],
            module_code=chosen_group(form.cleaned_data["take_back"]),
        )
    except NoReleaseError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, now, taken_back=form)
    messages.success(request, f"The marks of {found.title} are provisional again.")
    return redirect("grading:release", found.course.slug, found.slug)


def _release(
    request: SignedInRequest, found: Assignment, now: dt.datetime
) -> HttpResponse:
    groups = [(each.module_code, each.words) for each in groups_of(found, now)]
    form = ReleaseForm(groups, request.POST)
    if not form.is_valid():
        return _page(request, found, now, form)
    at = form.moment(now)
    try:
        release_marks(
            actor=request.user,
            assignment=found,
            at=at,
            module_code=form.module_code,
            despite_problems=form.cleaned_data["despite_problems"],
            mails=form.cleaned_data["mails"],
        )
    except ReleaseRefusedError:
        form.add_error(
            "despite_problems",
            "Read the warnings above, and tick this box to release the marks anyway.",
        )
        return _page(request, found, now, form, at=at)
    except NoReleaseError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, now, form)
    messages.success(request, _words(found, at, now))
    return redirect("grading:release", found.course.slug, found.slug)


def _words(found: Assignment, at: dt.datetime, now: dt.datetime) -> str:
    if at <= now:
        return f"The marks of {found.title} are released."
    return (
        f"The marks of {found.title} will be released on "
        f"{moment_words(at, found.course.tz)}."
    )


def _page(
    request: SignedInRequest,
    found: Assignment,
    now: dt.datetime,
    form: ReleaseForm | None = None,
    *,
    taken_back: TakeBackForm | None = None,
    at: dt.datetime | None = None,
) -> HttpResponse:
    is_checked = form is not None and not form.errors.get("group")
    wanted = request.GET.get("group", "").replace("\0", "")
    code = form.module_code if form is not None and is_checked else chosen_group(wanted)
    page = release_page(found, at=at or now, now=now, module_code=code)
    shown = form or ReleaseForm(page.choices, initial={"group": wanted})
    if not page.plan.problems:
        shown.fields.pop("despite_problems", None)
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "page": page,
        "plan": page.plan,
        "form": shown,
        "taken_back": taken_back,
    }
    has_errors = bool((form and form.errors) or (taken_back and taken_back.errors))
    status = UNPROCESSABLE if has_errors else None
    return render(request, "grading/release.html", context, status=status)
