"""The views of a self-check: its page, the fragment that updates it, and its actions."""

import math
from dataclasses import replace
from http import HTTPStatus
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
from accounts.throttles import SubmitThrottle, seconds_to_wait
from courses.permissions import can_submit
from courses.views.import_uploads import with_retry_after
from formats.problems import Problem
from grading.models import SelfCheck
from grading.pages.run_tag import RunTag, row_of_self_check
from grading.pages.self_check import SelfCheckPage, self_check_page
from grading.pages.submit_form import LastTry, given_answers
from grading.services import cancel_run, hand_in_checked_files
from grading.views.access import visible_self_check
from grading.views.own_work_declaration import not_declared
from grading.views.run_poll import (
    not_modified,
    sent_tag,
    session_key_of,
    tagged,
)
from storage.downloads import OWN_FRAMES, blob_attachment
from submissions.exceptions import SubmissionRefusedError
from submissions.services import declaration_of


@login_required
@require_safe
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # its types know no arguments
def self_check(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Show the self-check as it stands; the status inside updates itself."""
    # Before the page is made: a change in between then makes its tag outdated.
    row = row_of_self_check(pk)
    return _page(request, visible_self_check(request.user, pk), row=row)


@login_required
@require_safe
def self_check_status(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Return only the status, or 304 if it has not changed since the last request.

    Mostly `answer_unchanged_runs` has answered before.
    """
    row = row_of_self_check(pk)
    found = visible_self_check(request.user, pk)
    page = self_check_page(
        user=request.user, self_check=found, now=timezone.now(), is_whole=False
    )
    tag, sent = _tag(request, page, row), sent_tag(request)
    if sent is not None and sent.shown == tag.shown:
        return not_modified(tag)
    context = _context(page, tag)
    return tagged(render(request, "grading/_self_check_update.html", context), tag)


@login_required
@require_safe
def self_check_notebook(request: SignedInRequest, pk: UUID) -> FileResponse:
    """Send the executed notebook with its outputs."""
    run = visible_self_check(request.user, pk).run
    if not run.executed_sha256:
        raise Http404
    stem = run.revision.notebook_name.removesuffix(".ipynb")
    return blob_attachment(run.executed_sha256, f"{stem}-check.ipynb")


@login_required
@require_POST
def self_check_cancel(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Cancel the check if it waits, or ask its worker to stop it."""
    found = visible_self_check(request.user, pk)
    if not cancel_run(actor=request.user, run=found.run):
        messages.info(request, "The check had already ended.")
    return redirect(found)


@login_required
@require_POST
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # as above
def self_check_hand_in(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Hand in the files of the check, without sending them again."""
    found = visible_self_check(request.user, pk)
    if not can_submit(request.user, found.assignment):
        raise PermissionDenied
    answers = given_answers(request.POST)
    last_try = LastTry(is_declared="declaration" in request.POST, answers=answers)
    declared, faults = declaration_of(found.assignment, answers)
    if not last_try.is_declared:
        faults.insert(0, not_declared(found.assignment))
    if wait := seconds_to_wait(SubmitThrottle, request):
        last_try = replace(last_try, problems=(_too_often(wait),))
        return with_retry_after(_page(request, found, last_try), wait)
    try:
        run = hand_in_checked_files(
            actor=request.user,
            self_check=found,
            known=faults,
            declared=declared,
        )
    except SubmissionRefusedError as refused:
        answer = _page(request, found, replace(last_try, problems=refused.problems))
        answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return answer
    messages.success(
        request,
        f"Attempt {run.work.attempt} is handed in and stored. This page has a link to "
        "its receipt.",
    )
    return redirect(run)


def _too_often(wait: int) -> Problem:
    minutes = math.ceil(wait / 60)
    return Problem(
        code="too_many_requests",
        message="You have made many attempts in a short time. Nothing was handed in.",
        hint=f"Try again in {minutes} minute{'' if minutes == 1 else 's'}.",
    )


def _page(
    request: SignedInRequest,
    found: SelfCheck,
    last_try: LastTry | None = None,
    *,
    row: str = "",
) -> HttpResponse:
    page = self_check_page(
        user=request.user, self_check=found, now=timezone.now(), last_try=last_try
    )
    context = _context(page, _tag(request, page, row))
    answer = render(request, "grading/self_check.html", context)
    # The back button must not show an outdated state.
    answer["Cache-Control"] = "private, no-store"
    return answer


def _tag(request: SignedInRequest, page: SelfCheckPage, row: str) -> RunTag:
    """Return the tag by which the page asks whether anything is new.

    `row` is the result of `row_of_self_check` from before the page was made, or "".
    """
    return RunTag.made(
        page.status.etag,
        run_id=page.self_check.pk,
        session_key=session_key_of(request),
        row=row,
        now=timezone.now(),
    )


def _context(page: SelfCheckPage, tag: RunTag) -> dict[str, object]:
    return {
        "page": page,
        "tag": tag,
        "status": page.status,
        "assignment": page.assignment,
        "course": page.course,
        "tab": "marks",
    }
