"""The views of a question's rubric: the page that edits it, and its file."""

from collections.abc import Sequence
from typing import Any, Final

import yaml
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from courses.models import Question, Rubric
from courses.permissions import Right
from formats.assignment.rubric import read_rubric_text, rubric_document
from formats.problems import Problem, ProblemList
from grading.forms.rubric import (
    RubricForm,
    entries_after,
    entries_of,
    entries_sent,
    entries_written,
)
from grading.pages.rubric import rubric_page
from grading.services.blind_marking import is_blind_at
from grading.services.rubric_edit import (
    RubricPlan,
    RubricRefusedError,
    edit_rubric,
    plan_rubric,
)
from grading.views.access import allowed_assignment, chosen_revision

UNPROCESSABLE: Final = 422
_MOST_BYTES: Final = 256 * 1024


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def rubric(request: SignedInRequest, slug: str, aslug: str, key: str) -> HttpResponse:
    """Show the form of a question's rubric; on POST, change the form or the rubric.

    The rubric is that of the revision in the query, or of the published one. What a new
    rubric changes in marks is shown first. It is stored once the form is sent again
    with the digest of what was shown.
    """
    question = _question(request, slug, aslug, key)
    stored = _rubric_of(question)
    if request.method != "POST":
        return _page(request, question, RubricForm(entries_of(stored)))
    act = request.POST.get("act", "")
    if act == "fill":
        return _filled(request, question)
    entries = entries_sent(request.POST)
    if act != "save":
        return _page(request, question, RubricForm(entries_after(entries, act)))
    form = RubricForm(entries, is_checked=True)
    if not form.is_valid(version=stored.version):
        return _page(request, question, form)
    return _saved(request, question, form)


@login_required
@require_safe
def rubric_file(
    request: SignedInRequest, slug: str, aslug: str, key: str
) -> HttpResponse:
    """Send the rubric as YAML, in the form that assignment.yaml and the page read."""
    found = _rubric_of(_question(request, slug, aslug, key))
    text = yaml.safe_dump(
        rubric_document(found.definition()), allow_unicode=True, sort_keys=False
    )
    answer = HttpResponse(text, "application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="rubric-{key}.yaml"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _question(request: SignedInRequest, slug: str, aslug: str, key: str) -> Question:
    assignment = allowed_assignment(request.user, slug, aslug, Right.EDIT)
    revision = chosen_revision(assignment, request.GET.get("revision", ""))
    return get_object_or_404(
        revision.questions.filter(rubric__isnull=False)
        .select_related("rubric__assignment__course", "revision__assignment__course")
        .prefetch_related("rubric__groups__items"),
        key=key,
    )


def _rubric_of(question: Question) -> Rubric:
    if question.rubric is None:
        raise ValueError("the question has no rubric")
    return question.rubric


def _filled(request: SignedInRequest, question: Question) -> HttpResponse:
    """Fill the form with the rubric of a YAML file, or say what is wrong with it."""
    stored = _rubric_of(question)
    upload = request.FILES.get("file")
    text = request.POST.get("yaml", "")
    data = upload.read(_MOST_BYTES + 1) if upload else text.encode("utf-8", "replace")
    faults = ProblemList()
    written = read_rubric_text(data, faults)
    if faults or written is None:
        form = RubricForm(entries_of(stored))
        problems = faults.error().problems
        return _page(request, question, form, faults=problems, text=text)
    return _page(request, question, RubricForm(entries_written(written, stored)))


def _saved(
    request: SignedInRequest, question: Question, form: RubricForm
) -> HttpResponse:
    """Store the rubric if nothing has to be looked at first, or if that was done."""
    stored, seen = _rubric_of(question), request.POST.get("seen", "")
    try:
        plan = plan_rubric(stored, form.edited)
        # SECURITY: whether a preview is shown must not tell a second marker what the
        # first marker chose.
        is_blind = is_blind_at(request.user, stored)
        if (plan.rows or plan.removed or is_blind) and plan.digest != seen:
            return _page(request, question, form, plan=plan)
        edit_rubric(
            actor=request.user, rubric=stored, edited=form.edited, seen=plan.digest
        )
    except RubricRefusedError as error:
        form.refuse(str(error))
        return _page(request, question, form)
    messages.success(request, f"The rubric of “{question.title}” has been saved.")
    course, assignment = stored.assignment.course, stored.assignment
    here = reverse("grading:rubric", args=[course.slug, assignment.slug, question.key])
    return redirect(f"{here}?revision={question.revision.number}")


def _page(
    request: SignedInRequest,
    question: Question,
    form: RubricForm,
    *,
    plan: RubricPlan | None = None,
    faults: Sequence[Problem] = (),
    text: str = "",
) -> HttpResponse:
    stored = _rubric_of(question)
    page = rubric_page(
        question, stored, form, viewer=request.user, plan=plan, faults=faults
    )
    context: dict[str, Any] = {
        "page": page,
        "text": text,
        "course": stored.assignment.course,
        "assignment": stored.assignment,
        "tab": "marks",
    }
    status = UNPROCESSABLE if faults or form.is_refused else None
    return render(request, "grading/rubric.html", context, status=status)
