"""The view of how an assignment is marked by hand."""

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
from courses.services.edited_rows import save_assignment
from grading.forms.marking_settings import MarkingSettingsForm
from grading.services.marking_plan import MarkingPlan, plan_marking
from grading.services.seen_plans import is_unseen
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def marking_settings(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the settings of marking; on POST, store them.

    If they change marks or what people see, that is shown first. They are stored once
    the form is sent again with the digest of what was shown.
    """
    stored = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    with timezone.override(stored.course.tz):
        if request.method != "POST":
            return _page(request, MarkingSettingsForm(instance=found), stored)
        form = MarkingSettingsForm(request.POST, instance=found)
        if not form.is_valid():
            return _page(request, form, stored)
        plan = plan_marking(before=stored, after=form.instance)
        if is_unseen(request.user, plan, request.POST.get("seen")):
            return _page(request, form, stored, plan)
        save_assignment(actor=request.user, assignment=form.instance)
    messages.success(request, "The settings of marking have been saved.")
    return redirect("grading:marking", slug, aslug)


def _page(
    request: SignedInRequest,
    form: MarkingSettingsForm,
    stored: Assignment,
    plan: MarkingPlan | None = None,
) -> HttpResponse:
    context = {
        "course": stored.course,
        "tab": "marks",
        "assignment": stored,
        "form": form,
        "plan": plan,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/marking_settings.html", context, status=status)
