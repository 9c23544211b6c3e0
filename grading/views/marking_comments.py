"""The view of saved comments: markers change their words, and remove them."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Assignment
from courses.permissions import Right
from grading.pages.marking_comments import MarkingCommentsPage, marking_comments_page
from grading.services.marker_scope import marker_scope
from grading.services.saved_comments import (
    SavedCommentRefusedError,
    remove_saved_comment,
    rename_saved_comment,
)
from grading.views.access import allowed_assignment

_UNPROCESSABLE: Final = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def marking_comments(
    request: SignedInRequest, slug: str, aslug: str, key: str
) -> HttpResponse:
    """List the comments that are offered again; on POST, change or remove one."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE)
    page = marking_comments_page(
        assignment=found,
        key=key,
        scope=marker_scope(request.user, found),
        viewer=request.user,
    )
    if page is None:
        raise Http404
    if request.method != "POST":
        return _page(request, found, page)
    text = request.POST.get("text", "")
    if request.POST.get("action") == "remove":
        is_there = remove_saved_comment(
            actor=request.user, assignment=found, key=key, text=text
        )
        said = "It is offered no longer. Markings that have it keep it."
    else:
        new = request.POST.get("new", "")
        try:
            is_there = rename_saved_comment(
                actor=request.user, assignment=found, key=key, text=text, new=new
            )
        except SavedCommentRefusedError as refused:
            return _page(request, found, page, failed=text, error=str(refused))
        said = "It is changed. Markings that have the old words keep them."
    messages.success(request, said if is_there else "Somebody has removed it already.")
    return redirect("grading:marking-comments", slug, aslug, key)


def _page(
    request: SignedInRequest,
    found: Assignment,
    page: MarkingCommentsPage,
    *,
    failed: str = "",
    error: str = "",
) -> HttpResponse:
    context = {
        "page": page,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
        "failed": failed,
        "error": error,
        "entered": request.POST.get("new", ""),
    }
    status = _UNPROCESSABLE if error else None
    return render(request, "grading/marking_comments.html", context, status=status)
