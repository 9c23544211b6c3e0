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
from grading.forms.release import ReleaseForm
from grading.services.releasing import (
    ReleaseRefusedError,
    plan_release,
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
            return _page(request, found, ReleaseForm(), now)
        if "take_back" in request.POST:
            take_back_release(actor=request.user, assignment=found)
            messages.success(
                request, (f"The marks of {found.title} are provisional again.")
            )
            return redirect("grading:release", slug, aslug)
        form = ReleaseForm(request.POST)
        if not form.is_valid():
            return _page(request, found, form, now)
        at = form.moment(now)
        try:
            release_marks(
                actor=request.user,
                assignment=found,
                at=at,
                despite_problems=form.cleaned_data["despite_problems"],
            )
        except ReleaseRefusedError:
            form.add_error(
                "despite_problems",
                (
                    "Read the warnings above, and tick this box to release the marks "
                    "anyway."
                ),
            )
            return _page(request, found, form, at)
        messages.success(request, _words(found, at, now))
        return redirect("grading:release", slug, aslug)


def _words(found: Assignment, at: dt.datetime, now: dt.datetime) -> str:
    if at <= now:
        return f"The marks of {found.title} are released."
    return (
        f"The marks of {found.title} will be released on "
        f"{moment_words(at, found.course.tz)}."
    )


def _page(
    request: SignedInRequest, found: Assignment, form: ReleaseForm, at: dt.datetime
) -> HttpResponse:
    plan = plan_release(found, at=at)
    if not plan.problems:
        del form.fields["despite_problems"]
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "plan": plan,
        "form": form,
        "possible": sum((q.points for q in found.revision.questions.all()), 0)
        if found.revision
        else found.marks_out_of,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/release.html", context, status=status)
