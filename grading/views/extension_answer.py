"""The view that answers a request for an extension: grant it or refuse it."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.deadlines import deadline_for
from courses.models import ExtensionRequest
from courses.permissions import Right
from courses.services.extension_requests import (
    RequestRefusedError,
    grant_request,
    refuse_request,
)
from courses.services.extensions import ExtensionRefusedError
from courses.views.access import allowed_course
from grading.forms.extension_answer import AnswerForm
from grading.pages.extension_answer import hidden_results_of
from grading.services.extra_time_plan import plan_extensions
from grading.services.seen_plans import is_unseen
from grading.services.settings_plan import SettingsPlan

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def extension_answer(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Show a request; on POST, grant it or refuse it.

    If granting it changes marks or lateness, this is shown first.
    """
    course = allowed_course(request.user, slug, Right.MANAGE_PEOPLE)
    rows = ExtensionRequest.objects.visible_to(request.user)
    row = get_object_or_404(
        rows.select_related("assignment__course", "student", "answered_by"),
        pk=pk,
        assignment__course=course,
    )
    with timezone.override(course.tz):
        if request.method != "POST":
            initial = {"due_at": row.wished_due_at}
            return _page(request, row, AnswerForm(initial=initial))
        form = AnswerForm(request.POST, initial={"due_at": row.wished_due_at})
        if not form.is_valid():
            return _page(request, row, form)
        if "refuse" in request.POST:
            return _refuse(request, row, form)
        return _grant(request, row, form)


def _grant(
    request: SignedInRequest, row: ExtensionRequest, form: AnswerForm
) -> HttpResponse:
    due_at = form.cleaned_data["due_at"]
    if due_at is None:
        form.add_error("due_at", "Give the date until which you extend.")
        return _page(request, row, form)
    plan = plan_extensions(assignment=row.assignment, due_at={row.student_id: due_at})
    if is_unseen(request.user, plan, request.POST.get("seen")):
        return _page(request, row, form, plan=plan)
    answer = form.cleaned_data["answer"]
    try:
        grant_request(actor=request.user, request=row, due_at=due_at, answer=answer)
    except (ExtensionRefusedError, RequestRefusedError) as refused:
        form.add_error(None, str(refused))
        return _page(request, row, form)
    messages.success(request, "The extension is granted. The student gets a mail.")
    return redirect("grading:extension-requests", row.assignment.course.slug)


def _refuse(
    request: SignedInRequest, row: ExtensionRequest, form: AnswerForm
) -> HttpResponse:
    answer = form.cleaned_data["answer"]
    try:
        refuse_request(actor=request.user, request=row, answer=answer)
    except RequestRefusedError as refused:
        form.add_error("answer", str(refused))
        return _page(request, row, form)
    messages.success(request, "The request is refused. The student gets a mail.")
    return redirect("grading:extension-requests", row.assignment.course.slug)


def _page(
    request: SignedInRequest,
    row: ExtensionRequest,
    form: AnswerForm,
    *,
    plan: SettingsPlan | None = None,
) -> HttpResponse:
    own = deadline_for(row.assignment, row.student)
    context = {
        "course": row.assignment.course,
        "tab": "manage",
        "row": row,
        "form": form,
        "deadline": own,
        "hidden_results": hidden_results_of(row, own, now=timezone.now()),
        "plan": plan,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/extension_answer.html", context, status=status)
