"""The view of the overview of marking, and of giving answers to markers."""

from collections.abc import Callable
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from grading.forms.marking import AllocationForm, SecondMarkingForm
from grading.pages.marking import AllocationRow, MarkingPage, marking_page
from grading.services.allocation import (
    Allocated,
    AllocationRefusedError,
    allocate,
    allocate_second,
    withdraw_allocation,
)
from grading.services.marker_scope import marker_scope
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def marking(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show how far the marking is. On POST, allocate answers or take them back."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE, Right.OVERSEE)
    scope = marker_scope(request.user, found)
    page = marking_page(
        user=request.user, assignment=found, scope=scope, now=timezone.now()
    )
    if request.method != "POST":
        return _page(request, found, page)
    if not scope.may_edit:
        raise PermissionDenied
    action = _ACTIONS.get(request.POST.get("action", ""))
    if action is None:
        raise Http404
    return action(request, found, page) or redirect("grading:marking", slug, aslug)


def _allocate(
    request: SignedInRequest, found: Assignment, page: MarkingPage
) -> HttpResponse | None:
    form = AllocationForm(found, _choices(page), request.POST)
    if not form.is_valid():
        return _page(request, found, page, allocation=form)
    try:
        done = allocate(actor=request.user, assignment=found, order=form.order)
    except AllocationRefusedError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, page, allocation=form)
    _say(
        request,
        done,
        nothing="Everything that you chose is allocated already.",
        left_out="left out, since one marker would mark the same answer twice",
    )
    return None


def _allocate_second(
    request: SignedInRequest, found: Assignment, page: MarkingPage
) -> HttpResponse | None:
    form = SecondMarkingForm(found, _choices(page), request.POST, prefix="second")
    if not form.is_valid():
        return _page(request, found, page, second=form)
    try:
        done = allocate_second(
            actor=request.user,
            assignment=found,
            markers=list(form.cleaned_data["markers"]),
            percent=form.cleaned_data["percent"],
            keys=form.chosen_keys,
        )
    except AllocationRefusedError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, page, second=form)
    _say(
        request,
        done,
        nothing="So many students have a second marker already.",
        left_out="without a second marker, since the chosen markers mark them first",
    )
    return None


def _withdraw(
    request: SignedInRequest, found: Assignment, page: MarkingPage
) -> HttpResponse | None:
    given = [request.POST.get(name, "") for name in ("marker", "stage", "key")]
    row = next(
        (
            row
            for row in page.allocations
            if [str(row.marker.pk), row.stage.value, row.key] == given
        ),
        None,
    )
    if row is None:
        # Somebody else was faster, as after two clicks.
        messages.info(request, "That was taken back already.")
        return None
    if request.POST.get("confirmed") != "1":
        return _page(request, found, page, withdrawn=row)
    withdraw_allocation(
        actor=request.user,
        assignment=found,
        marker=row.marker,
        stage=row.stage,
        key=row.key,
    )
    messages.success(
        request,
        f"That was taken back from {row.marker.name}. Markings stay as they are.",
    )
    return None


_ACTIONS: Final[
    dict[
        str,
        Callable[[SignedInRequest, Assignment, MarkingPage], HttpResponse | None],
    ]
] = {"allocate": _allocate, "second": _allocate_second, "withdraw": _withdraw}


def _say(
    request: SignedInRequest, done: Allocated, *, nothing: str, left_out: str
) -> None:
    words = nothing
    if done.answers or done.left_out:
        words = f"{_answers(done.answers)} allocated."
    if done.left_out:
        words += f" {_answers(done.left_out)} {left_out}."
    messages.success(request, words)


def _answers(count: int) -> str:
    return f"{count} answer{' is' if count == 1 else 's are'}"


def _choices(page: MarkingPage) -> list[tuple[str, str]]:
    return [(each.key, each.title) for each in page.questions]


def _page(
    request: SignedInRequest,
    found: Assignment,
    page: MarkingPage,
    *,
    allocation: AllocationForm | None = None,
    second: SecondMarkingForm | None = None,
    withdrawn: AllocationRow | None = None,
) -> HttpResponse:
    context: dict[str, object] = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
        "withdrawn": withdrawn,
    }
    if page.may_edit and page.questions:
        choices = _choices(page)
        context["allocation"] = allocation or AllocationForm(found, choices)
        context["second"] = second or SecondMarkingForm(found, choices, prefix="second")
    status = UNPROCESSABLE if allocation or second else None
    return render(request, "grading/marking.html", context, status=status)
