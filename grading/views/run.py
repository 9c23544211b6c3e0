"""The views of a run: its page, the fragment that updates it, and its actions."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right, can
from grading.models import GradingRun
from grading.pages.run import RunPage, run_page
from grading.services import cancel_run, may_cancel, rerun
from grading.views.access import visible_run
from storage.downloads import blob_attachment


@login_required
@require_safe
def run(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the run as it stands; the status inside updates itself."""
    page = _page(request, visible_run(request.user, pk))
    answer = render(request, "grading/run.html", _context(page))
    # The back button must not show an outdated state.
    answer["Cache-Control"] = "private, no-store"
    return answer


@login_required
@require_safe
def run_status(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Return only the status, or 304 if it has not changed since the last request."""
    page = _page(request, visible_run(request.user, pk))
    etag = quote_etag(page.etag)
    unchanged = get_conditional_response(request, etag=etag)
    answer = unchanged or render(request, "grading/_run_update.html", _context(page))
    answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    return answer


@login_required
@require_safe
def run_notebook(request: SignedInRequest, pk: UUID) -> FileResponse:
    """Send the executed notebook with its outputs."""
    found = visible_run(request.user, pk)
    if not found.executed_sha256:
        raise Http404
    return blob_attachment(found.executed_sha256, _notebook_name(found, request))


@login_required
@require_POST
def run_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Cancel a queued run, or ask the worker of a running one to stop it.

    Students may stop only the run of their own hand-in.
    """
    found = visible_run(request.user, pk)
    if not may_cancel(request.user, found):
        raise PermissionDenied
    if not cancel_run(actor=request.user, run=found):
        messages.info(request, "The run had already ended, so nothing was cancelled.")
    return redirect(found)


@login_required
@require_POST
def run_again(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Put a new run of the same submission in the queue; for staff."""
    found = visible_run(request.user, pk)
    if not can(request.user, Right.GRADE, found.work.assignment.course):
        raise PermissionDenied
    return redirect(rerun(actor=request.user, submission=found.work))


def _page(request: SignedInRequest, found: GradingRun) -> RunPage:
    return run_page(user=request.user, run=found, now=timezone.now())


def _context(page: RunPage) -> dict[str, object]:
    return {
        "page": page,
        "status": page.status,
        "assignment": page.assignment,
        "tab": "marks",
        "course": page.course,
    }


def _notebook_name(found: GradingRun, request: SignedInRequest) -> str:
    """Return the notebook's name with attempt and run; for staff, with the author."""
    stem = found.revision.notebook_name.removesuffix(".ipynb")
    author = found.work.author
    whose = "" if author == request.user else f"{author.login or author.pk}-"
    attempt, number = found.work.attempt, found.number
    return f"{whose}{stem}-attempt{attempt}-run{number}.ipynb"
