"""The view of the overview of marking, and of giving answers to markers."""

from collections.abc import Callable
from dataclasses import dataclass
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
from grading.pages.marking import (
    AllocationPreview,
    AllocationRow,
    MarkingPage,
    allocation_preview,
    marking_page,
)
from grading.services.allocation import (
    Allocated,
    AllocationRefusedError,
    allocate,
    allocate_second,
    withdraw_allocation,
)
from grading.services.allocation_plan import apply_allocation
from grading.services.marker_scope import marker_scope
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422
# The button that shows what a form would change.
_PREVIEW: Final = "preview"


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


@dataclass(frozen=True, kw_only=True)
class _Way:
    """One of the forms that give answers to markers, and its words."""

    nothing: str
    left_out: str

    def words(self, done: Allocated, verbs: tuple[str, str]) -> str:
        """Say what was done, or would be. `verbs` are for one answer and for several."""
        said = self.nothing
        if done.answers or done.left_out:
            said = f"{_answers(done.answers, verbs)} allocated{_without_work(done)}."
        if done.left_out:
            said += f" {_answers(done.left_out, verbs)} {self.left_out}."
        return said


_FIRST: Final = _Way(
    nothing="Everything that you chose is allocated already.",
    left_out="left out, since one marker would mark the same answer twice",
)
_SECOND: Final = _Way(
    nothing="So many students have a second marker already.",
    left_out="without a second marker, since the chosen markers mark them first",
)
_IS: Final = ("is", "are")
_WOULD_BE: Final = ("would be", "would be")


def _allocate(
    request: SignedInRequest, found: Assignment, page: MarkingPage
) -> HttpResponse | None:
    form = AllocationForm(found, _choices(page), request.POST)

    def act() -> Allocated:
        return allocate(actor=request.user, assignment=found, order=form.order)

    return _give(request, found, page, way=_FIRST, form=form, act=act)


def _allocate_second(
    request: SignedInRequest, found: Assignment, page: MarkingPage
) -> HttpResponse | None:
    form = SecondMarkingForm(found, _choices(page), request.POST, prefix="second")

    def act() -> Allocated:
        return allocate_second(
            actor=request.user,
            assignment=found,
            markers=list(form.cleaned_data["markers"]),
            percent=form.cleaned_data["percent"],
            keys=form.chosen_keys,
        )

    return _give(request, found, page, way=_SECOND, form=form, act=act)


def _give(
    request: SignedInRequest,
    found: Assignment,
    page: MarkingPage,
    *,
    way: _Way,
    form: AllocationForm | SecondMarkingForm,
    act: Callable[[], Allocated],
) -> HttpResponse | None:
    """Give the answers, or show what the form would give; or why it cannot."""
    if not form.is_valid():
        return _page(request, found, page, sent=form)
    is_tried = _PREVIEW in request.POST
    try:
        plan = apply_allocation(found, act, is_tried=is_tried)
    except AllocationRefusedError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, page, sent=form)
    if is_tried:
        shown = allocation_preview(page, plan, way.words(plan.done, _WOULD_BE))
        return _page(request, found, page, sent=form, preview=shown)
    messages.success(request, way.words(plan.done, _IS))
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


def _answers(count: int, verbs: tuple[str, str]) -> str:
    one, several = verbs
    return f"1 answer {one}" if count == 1 else f"{count} answers {several}"


def _without_work(done: Allocated) -> str:
    """Say why more answers are allocated than the page counts."""
    if not done.without_work:
        return ""
    if done.without_work == done.answers:
        return ", for when their students hand in"
    return f", {done.without_work} of them for when their students hand in"


def _choices(page: MarkingPage) -> list[tuple[str, str]]:
    return [(each.key, each.title) for each in page.questions]


def _page(
    request: SignedInRequest,
    found: Assignment,
    page: MarkingPage,
    *,
    sent: AllocationForm | SecondMarkingForm | None = None,
    withdrawn: AllocationRow | None = None,
    preview: AllocationPreview | None = None,
) -> HttpResponse:
    """Show the overview, with the form as it was sent, and what it would change."""
    context: dict[str, object] = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
        "withdrawn": withdrawn,
        "preview": preview,
    }
    if page.may_edit and page.questions:
        choices = _choices(page)
        is_first = isinstance(sent, AllocationForm)
        context["allocation"] = sent if is_first else AllocationForm(found, choices)
        is_second = isinstance(sent, SecondMarkingForm)
        context["second"] = (
            sent if is_second else SecondMarkingForm(found, choices, prefix="second")
        )
    status = UNPROCESSABLE if sent and not preview else None
    return render(request, "grading/marking.html", context, status=status)
