"""The views of a board: its page, and the answers to proposals."""

from typing import Final

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import get_text_list
from django.views.decorators.http import require_http_methods, require_POST

from accounts.http import SignedInRequest
from courses.frozen_marks import current_freeze
from courses.models import Course
from courses.permissions import Right
from courses.views.access import allowed_course
from gradebook.forms.board import EndForm, FreezeForm, ProposalForm
from gradebook.pages.board import board_page
from grading.models import BoardProposal
from grading.services.board import (
    confirm_proposal,
    decline_proposal,
    propose_end,
    propose_mark,
)
from grading.services.freezing import BoardRefusedError, freeze_marks, possible_members
from grading.services.mark_standing import StandingRefusedError

UNPROCESSABLE: Final = 422
_FREEZE: Final = "freeze"
_PROPOSE: Final = "propose"
_END: Final = "end"


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def board(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show the board of the course; on POST, freeze its marks or propose something.

    `do` says which of the forms is sent.
    """
    course = allowed_course(request.user, slug, Right.OVERSEE)
    if request.method != "POST":
        return _page(request, course)
    wanted = request.POST.get("do", "")
    form: forms.Form
    if wanted == _FREEZE:
        allowed_course(request.user, slug, Right.MANAGE_MARKS)
        form = FreezeForm(possible_members(course), request.POST)
    elif wanted == _PROPOSE:
        form = ProposalForm(course, request.POST)
    else:
        form = EndForm(request.POST)
    if form.is_valid():
        try:
            told = _do(request, course, form)
        except (BoardRefusedError, StandingRefusedError) as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, told)
            return redirect("gradebook:board", course.slug)
    return _page(request, course, form)


def _do(request: SignedInRequest, course: Course, form: forms.Form) -> str:
    """Do what a valid form says, and return it in words."""
    if isinstance(form, FreezeForm):
        given = form.cleaned_data
        freeze_marks(
            actor=request.user,
            course=course,
            board=given["board"],
            members=given["members"],
        )
        return "The marks are frozen."
    freeze = current_freeze(course)
    if freeze is None:
        raise BoardRefusedError("The marks are not frozen any more.")
    reason = form.cleaned_data["reason"]
    if isinstance(form, ProposalForm):
        propose_mark(
            actor=request.user, freeze=freeze, wanted=form.wanted, reason=reason
        )
    else:
        propose_end(actor=request.user, freeze=freeze, reason=reason)
    return "Proposed. Another person of the board confirms or declines it."


@login_required
@require_POST
def board_answer(request: SignedInRequest, slug: str, pk: int) -> HttpResponse:
    """Confirm or decline a proposal."""
    course = allowed_course(request.user, slug, Right.MANAGE_MARKS)
    rows = BoardProposal.objects.select_related("freeze__course")
    proposal = get_object_or_404(rows, pk=pk, freeze__course=course)
    try:
        if request.POST.get("answer") == "confirm":
            confirm_proposal(actor=request.user, proposal=proposal)
            messages.success(request, "Confirmed.")
        else:
            words = request.POST.get("words", "")
            decline_proposal(actor=request.user, proposal=proposal, words=words)
            messages.success(request, "Declined.")
    except BoardRefusedError as refused:
        messages.error(request, f"Nothing was stored. {refused}")
    return redirect("gradebook:board", course.slug)


def _page(
    request: SignedInRequest, course: Course, sent: forms.Form | None = None
) -> HttpResponse:
    page = board_page(user=request.user, course=course, now=timezone.now())
    made: dict[str, forms.Form] = {}
    if page.may_freeze:
        made[_FREEZE] = FreezeForm(possible_members(course))
    if page.is_member:
        asked = {name: request.GET.get(name) for name in ("assignment", "student")}
        made[_PROPOSE] = ProposalForm(course, initial=asked)
        made[_END] = EndForm(auto_id="id_end_%s")
    refusal = ""
    for name, kind in (
        (_FREEZE, FreezeForm),
        (_PROPOSE, ProposalForm),
        (_END, EndForm),
    ):
        if isinstance(sent, kind):
            if name in made:
                made[name] = sent
            else:
                # The form is not on the page any more.
                refusal = " ".join(map(str, sent.non_field_errors()))
    context = {
        "course": course,
        "tab": "gradebook",
        "page": page,
        "members": get_text_list([each.name for each in page.members], "and"),
        "refusal": refusal,
        "form_of_freeze": made.get(_FREEZE),
        "form_of_proposal": made.get(_PROPOSE),
        "form_of_end": made.get(_END),
    }
    status = UNPROCESSABLE if sent is not None else None
    return render(request, "gradebook/board.html", context, status=status)
