"""The executed notebook of a run or a self-check, for the frame on its page."""

import hashlib
from dataclasses import replace
from uuid import UUID

from csp.decorators import csp
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import parse_etags, quote_etag
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import can_view_work_of
from grading.models import GradingRun
from grading.pages.executed import executed_page
from grading.pages.marked_question import CellWords, comments_at_cells
from grading.pages.run_status import shown_results, shown_self_check_results
from grading.services.feedback import feedback_times, may_see_feedback
from grading.views.access import number_in, visible_run, visible_self_check
from grading.visible_results import ShownResults
from storage.downloads import FRAMED

# Comments of markers by the place of their cell.
Comments = dict[int, list[CellWords]]


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # its types know no arguments
def executed(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the run's executed notebook to everybody who may download it."""
    run, now = visible_run(request.user, pk), timezone.now()
    work = run.work
    as_author = feedback_times(work.assignment, work.author, now=now)
    sees_all = can_view_work_of(request.user, work.assignment)
    shown = shown_results(run, replace(as_author, sees_all=sees_all))
    comments: Comments = {}
    if may_see_feedback(request.user, work.assignment, work.author, now=now):
        comments = comments_at_cells(run)
    name = f"Attempt {work.attempt}, executed"
    return _answer(request, run, shown, name=name, comments=comments)


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # as above
def self_check_executed(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show a self-check's executed notebook to its author."""
    run = visible_self_check(request.user, pk).run
    shown = shown_self_check_results(run, now=timezone.now())
    return _answer(request, run, shown, name="Check, executed")


def _answer(
    request: SignedInRequest,
    run: GradingRun,
    shown: ShownResults | None,
    *,
    name: str,
    comments: Comments | None = None,
) -> HttpResponse:
    """Return the notebook, or 304 if neither it nor its results have changed."""
    if not run.executed_sha256:
        raise Http404
    whole = number_in(request.GET.get("whole", ""))
    seen = repr((run.executed_sha256, whole, shown, comments))
    etag = quote_etag(hashlib.sha256(seen.encode(errors="replace")).hexdigest()[:32])
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        return HttpResponseNotModified(headers={"ETag": etag})
    page = executed_page(run, shown=shown, whole=whole, comments=comments)
    context = {"page": page, "fault": page.fault, "material": name}
    answer = render(request, "grading/executed.html", context)
    if not page.fault:
        answer["ETag"] = etag
    answer["Cache-Control"] = "private, no-cache"
    return answer
