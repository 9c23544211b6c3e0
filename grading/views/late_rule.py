"""The view of a course's rule for late work."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.late_rules import PRESETS
from courses.models import Course
from courses.permissions import Right
from courses.services.course_late_rule import save_late_rule
from courses.views.access import allowed_course
from grading.forms.late_rule import LateRuleForm
from grading.services.seen_plans import is_unseen
from grading.services.settings_plan import SettingsPlan, plan_late_rule

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def late_rule(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the course's rule for late work; on POST, store it.

    If the new rule changes marks, they are shown first. It is stored once the form is
    sent again with the digest of what was shown.
    """
    stored = allowed_course(request.user, slug, Right.EDIT)
    course = allowed_course(request.user, slug, Right.EDIT)
    if request.method != "POST":
        chosen = request.GET.get("preset", "")
        return _page(request, LateRuleForm.of(course, chosen=chosen), stored)
    form = LateRuleForm.of(course, request.POST)
    if not form.is_valid():
        return _page(request, form, stored)
    plan = plan_late_rule(before=stored, after=course)
    if is_unseen(request.user, plan, request.POST.get("seen")):
        return _page(request, form, stored, plan)
    save_late_rule(actor=request.user, course=course)
    messages.success(request, "The rule for late work has been saved.")
    return redirect("courses:manage", slug)


def _page(
    request: SignedInRequest,
    form: LateRuleForm,
    stored: Course,
    plan: SettingsPlan | None = None,
) -> HttpResponse:
    context = {
        "course": stored,
        "tab": "manage",
        "form": form,
        "plan": plan,
        "presets": PRESETS,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/late_rule.html", context, status=status)
