"""The view in which lecturers say what counts for the course mark."""

from collections.abc import Sequence
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.frozen_marks import MarksFrozenError
from courses.permissions import Right
from courses.views.access import allowed_course
from gradebook.forms.formula import FormulaForms
from gradebook.services.formula import load_formula
from gradebook.services.formula_settings import (
    FormulaRefusedError,
    TotalPreview,
    digest_of_totals,
    edit_formula,
    plan_formula,
)
from grading.services.blind_marking import KnownRows

UNPROCESSABLE: Final = 422
NOTHING: Final = KnownRows[TotalPreview](rows=())


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def formula(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what counts for the course mark; on POST, store it.

    If students' totals change, they are shown first. It is stored once the form is sent
    again with the digest of what was shown.
    """
    course = allowed_course(request.user, slug, Right.MANAGE_MARKS)
    if request.method != "POST":
        return _page(request, slug, FormulaForms(course))
    forms = FormulaForms(course, request.POST)
    if not forms.is_valid():
        return _page(request, slug, forms)
    try:
        plan = plan_formula(actor=request.user, edit=forms.edit, now=timezone.now())
        totals = plan.totals
        if totals and request.POST.get("seen") != digest_of_totals(totals):
            return _page(request, slug, forms, totals, plan.problems)
        edit_formula(actor=request.user, edit=forms.edit)
    except (FormulaRefusedError, MarksFrozenError) as error:
        forms.refusal = str(error)
        return _page(request, slug, forms)
    messages.success(request, "What counts for the course mark has been saved.")
    return redirect("gradebook:formula", slug)


def _page(
    request: SignedInRequest,
    slug: str,
    forms: FormulaForms,
    plan: KnownRows[TotalPreview] = NOTHING,
    problems_then: Sequence[str] = (),
) -> HttpResponse:
    stored = allowed_course(request.user, slug, Right.MANAGE_MARKS)
    context = {
        "course": stored,
        "tab": "manage",
        "forms": forms,
        "problems": load_formula(stored).problems,
        "plan": plan,
        "problems_then": problems_then,
        "seen": digest_of_totals(plan),
    }
    status = UNPROCESSABLE if forms.has_errors else None
    return render(request, "gradebook/formula.html", context, status=status)
