"""The view that changes the settings of coursework."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.late_rules import PRESETS
from courses.models import Assignment
from courses.permissions import Right
from courses.services.edited_rows import save_assignment
from grading.forms.assignment_settings import CourseworkForm, coursework_form
from grading.services.seen_plans import is_unseen
from grading.services.settings_plan import SettingsPlan, plan_settings
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def assignment_settings(
    request: SignedInRequest, slug: str, aslug: str
) -> HttpResponse:
    """Show the settings of coursework; on POST, store them.

    If the new settings change anything for stored work, the changes are shown first.
    They are stored once the form is sent again with the digest of what was shown.
    """
    stored = allowed_assignment(request.user, slug, aslug, Right.EDIT, entered=True)
    found = allowed_assignment(request.user, slug, aslug, Right.EDIT, entered=True)
    with timezone.override(stored.course.tz):
        if request.method != "POST":
            chosen = request.GET.get("preset", "")
            return _page(
                request, coursework_form(stored).of(found, chosen=chosen), stored
            )
        form = coursework_form(stored).of(found, request.POST)
        if not form.is_valid():
            return _page(request, form, stored)
        now = timezone.now()
        wanted = form.assignment(now)
        plan = plan_settings(before=stored, after=wanted, now=now)
        if is_unseen(request.user, plan, request.POST.get("seen")):
            return _page(request, form, stored, plan)
        save_assignment(actor=request.user, assignment=wanted)
    messages.success(request, "The settings have been saved.")
    return redirect("grading:assignment-staff", slug, wanted.slug)


def _page(
    request: SignedInRequest,
    form: CourseworkForm,
    stored: Assignment,
    plan: SettingsPlan | None = None,
) -> HttpResponse:
    context = {
        "course": form.instance.course,
        "tab": "marks",
        "assignment": stored,
        "form": form,
        "plan": plan,
        "presets": PRESETS,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/assignment_settings.html", context, status=status)
