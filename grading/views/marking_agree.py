"""The view on which markers agree, where a first and a second marking differ."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.frozen_marks import MarksFrozenError
from courses.models import Assignment
from courses.permissions import Right
from grading.forms.marking_agree import MarkingAgreeForm
from grading.pages.marking_agree import (
    AgreeRow,
    MarkingAgreePage,
    marking_agree_page,
)
from grading.services.agreement import (
    AgreementRefusedError,
    agree_marking,
    take_agreement_back,
)
from grading.services.marker_scope import marker_scope
from grading.services.marking import MarkingConflictError
from grading.services.marking_refused import MarkingRefusedError
from grading.views.access import allowed_assignment

UNPROCESSABLE: Final = 422
_ROW: Final = ("rubric", "code", "attempt")
_REFUSED: Final = (
    MarksFrozenError,
    AgreementRefusedError,
    MarkingConflictError,
    MarkingRefusedError,
)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def marking_agree(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show answers whose two markings differ; on POST, agree or take it back."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE)
    scope = marker_scope(request.user, found)
    page = marking_agree_page(assignment=found, scope=scope)
    if request.method != "POST":
        return _page(request, found, page)
    row = page.find(*(request.POST.get(name, "") for name in _ROW))
    if row is None:
        raise Http404
    is_taken_back = request.POST.get("action") == "back"
    error = _take_back(request, row) if is_taken_back else _agree(request, row)
    if error:
        return _page(request, found, page, failed=row, error=error)
    said = "is taken back" if is_taken_back else "is agreed"
    messages.success(request, f"The marking of {row.whose} {said}.")
    return redirect("grading:marking-agree", slug, aslug)


def _agree(request: SignedInRequest, row: AgreeRow) -> str:
    """Store the agreed marking, and return what is wrong if it cannot be stored."""
    form = MarkingAgreeForm(request.POST)
    if not form.is_valid():
        return " ".join(str(words) for said in form.errors.values() for words in said)
    try:
        agree_marking(
            actor=request.user,
            found=row.found,
            choice=form.choice,
            seen=request.POST.get("seen", ""),
        )
    except _REFUSED as refused:
        return str(refused)
    return ""


def _take_back(request: SignedInRequest, row: AgreeRow) -> str:
    """Take the agreed marking back, and return why if that cannot be."""
    try:
        take_agreement_back(
            actor=request.user, found=row.found, seen=request.POST.get("seen", "")
        )
    except _REFUSED as refused:
        return str(refused)
    return ""


def _page(
    request: SignedInRequest,
    found: Assignment,
    page: MarkingAgreePage,
    *,
    failed: AgreeRow | None = None,
    error: str = "",
) -> HttpResponse:
    context = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
        "failed": failed,
        "error": error,
        "entered": request.POST,
    }
    status = UNPROCESSABLE if error else None
    return render(request, "grading/marking_agree.html", context, status=status)
