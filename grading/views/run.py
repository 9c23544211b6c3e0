"""The views of a run: its page, the fragment that updates it, and its actions."""

from uuid import UUID

from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right, rights_at
from grading.models import GradingRun
from grading.pages.run import RunPage, run_page
from grading.pages.run_tag import RunTag, row_of
from grading.services import RerunRefusedError, cancel_run, may_cancel, rerun
from grading.views.access import visible_run
from grading.views.run_poll import not_modified, sent_tag, session_key_of, tagged
from storage.downloads import OWN_FRAMES, blob_attachment


@login_required
@require_safe
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # its types know no arguments
def run(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the run as it stands; the status inside updates itself."""
    page, tag = _page(request, pk)
    answer = render(request, "grading/run.html", _context(page, tag))
    # The back button must not show an outdated state.
    answer["Cache-Control"] = "private, no-store"
    return answer


@login_required
@require_safe
def run_status(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Return only the status, or 304 if it has not changed since the last request.

    Mostly `answer_unchanged_runs` has answered before.
    """
    page, tag = _page(request, pk, is_whole=False)
    sent = sent_tag(request)
    if sent is not None and sent.shown == tag.shown:
        return not_modified(tag)
    answer = render(request, "grading/_run_update.html", _context(page, tag))
    return tagged(answer, tag)


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
    if Right.GRADE not in rights_at(request.user, found.work.assignment):
        raise PermissionDenied
    try:
        return redirect(rerun(actor=request.user, submission=found.work))
    except RerunRefusedError as refused:
        messages.error(request, str(refused))
        return redirect(found)


def _page(
    request: SignedInRequest, pk: UUID, *, is_whole: bool = True
) -> tuple[RunPage, RunTag]:
    """Return the page, and the tag by which it asks whether anything is new."""
    now, row = timezone.now(), row_of(pk)
    page = run_page(
        user=request.user,
        run=visible_run(request.user, pk),
        now=now,
        order=request.GET.dict(),
        is_whole=is_whole,
    )
    session_key = session_key_of(request)
    shown = page.status.etag
    return page, RunTag.made(
        shown, run_id=pk, session_key=session_key, row=row, now=now
    )


def _context(page: RunPage, tag: RunTag) -> dict[str, object]:
    return {
        "page": page,
        "tag": tag,
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
