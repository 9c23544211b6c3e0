"""The view that answers a regrade request."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.frozen_marks import MarksFrozenError
from grading.forms.regrade_answer import RegradeAnswerForm
from grading.models import RegradeRequest
from grading.pages.regrade_answer import RegradeAnswerPage, regrade_answer_page
from grading.services.mark_adjustment import AdjustmentRefusedError
from grading.services.marking import MarkingConflictError
from grading.services.marking_refused import MarkingRefusedError
from grading.services.regrade_requests import (
    RegradeRequestRefusedError,
    answer_regrade_request,
)
from grading.views.regrade_requests import marked_assignment

UNPROCESSABLE: Final = 422
_REFUSALS: Final = (
    MarksFrozenError,
    RegradeRequestRefusedError,
    MarkingRefusedError,
    AdjustmentRefusedError,
)
_ONCE_MORE: Final = (
    "Nothing was stored. See “Points now”, and send your answer once more to store yours "
    "in its place, or keep the points."
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def regrade_answer(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Show a request and the question's marking; on POST, answer it.

    With `keep`, nothing but the answer is stored.
    """
    found, scope = marked_assignment(request, slug, aslug)
    rows = RegradeRequest.objects.visible_to(request.user).of_assignment(found.pk)
    row = get_object_or_404(
        rows.select_related(
            "submission__author", "submission__assignment__course", "answered_by"
        ),
        pk=pk,
    )
    page = regrade_answer_page(row=row, scope=scope)
    if request.method != "POST":
        return _page(request, page, _form(page))
    form = _form(page, request.POST)
    if not form.is_valid():
        return _page(request, page, form)
    try:
        done = answer_regrade_request(
            actor=request.user,
            request=row,
            answer=form.cleaned_data["answer"],
            again=None if "keep" in request.POST else form.marked_again(),
        )
    except MarkingConflictError as conflict:
        return _page(request, page, _once_more(request, page, conflict))
    except _REFUSALS as refused:
        form.add_error(None, str(refused))
        return _page(request, page, form)
    what = done.get_state_display().lower()
    messages.success(request, f"Answered: {what}. The student gets a mail.")
    return redirect("grading:regrade-requests", slug, aslug)


def _form(page: RegradeAnswerPage, *sent: QueryDict) -> RegradeAnswerForm:
    return RegradeAnswerForm(
        *sent, marking=page.marking, takes_points=page.takes_points
    )


def _once_more(
    request: SignedInRequest, page: RegradeAnswerPage, conflict: MarkingConflictError
) -> RegradeAnswerForm:
    """Return the form with what was typed, which can be sent in place of the marking.

    Whoever sends it once more has seen what is stored now, so it has that version.
    """
    sent = request.POST.copy()
    if page.marking is not None:
        sent["version"] = str(page.marking.version)
    form = _form(page, sent)
    form.add_error(None, f"{conflict.summary} {_ONCE_MORE}")
    return form


def _page(
    request: SignedInRequest, page: RegradeAnswerPage, form: RegradeAnswerForm
) -> HttpResponse:
    assignment = page.row.submission.assignment
    context = {
        "course": assignment.course,
        "assignment": assignment,
        "tab": "marks",
        "page": page,
        "form": form,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/regrade_answer.html", context, status=status)
