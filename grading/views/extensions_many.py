"""The view that grants extensions to several students, after a preview."""

import hashlib
from collections.abc import Sequence
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
from courses.services.extensions import (
    ExtensionGrant,
    ExtensionRefusedError,
    grant_extensions,
)
from grading.forms.extensions_many import ManyExtensionsForm
from grading.services.extra_time_plan import plan_extensions
from grading.services.settings_plan import SettingsPlan
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def extensions_many(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the form; then what it would change; then grant exactly that."""
    found = allowed_assignment(request.user, slug, aslug, Right.MANAGE_PEOPLE)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            return _page(request, found, ManyExtensionsForm(found))
        form = ManyExtensionsForm(found, request.POST, request.FILES)
        if not form.is_valid():
            return _page(request, found, form)
        plan = plan_extensions(
            assignment=found,
            due_at={grant.student.pk: grant.due_at for grant in form.grants},
        )
        seen = _digest(form.grants, plan)
        if request.POST.get("seen") != seen:
            return _page(request, found, form, plan=plan, seen=seen)
        try:
            granted = grant_extensions(
                actor=request.user, assignment=found, grants=form.grants
            )
        except ExtensionRefusedError as refused:
            form.add_error(None, str(refused))
            return _page(request, found, form)
    count = len(granted)
    noun = "extension was" if count == 1 else "extensions were"
    messages.success(request, f"{count} {noun} granted. The students are told.")
    return redirect("grading:extensions", slug, aslug)


def _digest(grants: Sequence[ExtensionGrant], plan: SettingsPlan) -> str:
    """Return a digest of who gets what, and of what it changes."""
    rows = sorted((each.student.pk, each.due_at, each.reason) for each in grants)
    return hashlib.sha256(repr((rows, plan.digest)).encode()).hexdigest()


def _page(
    request: SignedInRequest,
    found: Assignment,
    form: ManyExtensionsForm,
    *,
    plan: SettingsPlan | None = None,
    seen: str = "",
) -> HttpResponse:
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "form": form,
        "plan": plan,
        "seen": seen,
        "rows": form.cleaned_data.get("rows", "") if plan else "",
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/extensions_many.html", context, status=status)
