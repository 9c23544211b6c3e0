"""The views of the coursework page and of handing in."""

import math
import re
from typing import IO, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import SignedInRequest
from accounts.throttles import (
    ChoiceThrottle,
    SelfCheckThrottle,
    SubmitThrottle,
    seconds_to_wait,
)
from courses.models import Assignment
from courses.permissions import can_submit
from courses.views.import_uploads import with_retry_after
from formats.problems import Problem
from formats.submission_words import problem, size_in_words
from grading import services
from grading.models import GradingRun
from grading.pages.assignment import assignment_page
from grading.pages.submit_form import LastTry, field_name, given_answers
from grading.services.choosing import ChoiceRefusedError, choose_attempt
from grading.views.access import number_in, visible_assignment
from grading.views.own_work_declaration import not_declared
from submissions.arrival import (
    refuse_failed_upload,
    upload_arrived_at,
    upload_fault,
    upload_started_at,
    upload_was_too_large,
)
from submissions.exceptions import SubmissionRefusedError
from submissions.models import Submission
from submissions.services import IncomingFile, declaration_of

UNPROCESSABLE = 422
_KEY = re.compile(r"[0-9a-f-]{16,64}")


@login_required
@never_cache
@require_safe
def assignment(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the brief, the form and the person's own attempts.

    The page is never cached, so that the back button shows a fresh form and the attempt
    just made.
    """
    found = visible_assignment(request.user, slug, aslug, entered=True)
    return _page(request, found)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def submit(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Store the hand-in and redirect to its run, or show the form's problems."""
    found = visible_assignment(request.user, slug, aslug, entered=True)
    if request.method != "POST":
        return redirect(found)
    if not can_submit(request.user, found):
        raise PermissionDenied
    # An upload that failed through our fault counts towards no limit.
    is_whole = upload_fault(request) is None
    if is_whole and (wait := seconds_to_wait(SubmitThrottle, request)):
        return _too_often(request, found, wait)
    key = _sent_key(request)
    answers = given_answers(request.POST)
    declared, faults = declaration_of(found, answers)
    if "declaration" not in request.POST:
        faults.insert(0, not_declared(found))
    try:
        _refuse_too_large(request)
        refuse_failed_upload(request)
        run = services.submit_work(
            actor=request.user,
            assignment=found,
            files=_incoming_files(request, found),
            started_at=upload_started_at(request),
            received_at=upload_arrived_at(request),
            idempotency_key=key,
            known=faults,
            declared=declared,
        )
    except SubmissionRefusedError as refused:
        last_try = LastTry(
            problems=refused.problems,
            idempotency_key=key,
            is_declared="declaration" in request.POST,
            answers=answers,
        )
        return _page(request, found, last_try)
    return _to_run(request, run)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def check_work(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Put a check of the form's files in the queue, or show the form's problems."""
    found = visible_assignment(request.user, slug, aslug, entered=True)
    if request.method != "POST":
        return redirect(found)
    if not can_submit(request.user, found):
        raise PermissionDenied
    is_whole = upload_fault(request) is None
    if is_whole and (wait := seconds_to_wait(SelfCheckThrottle, request)):
        return _too_often(request, found, wait, is_check=True)
    key = _sent_key(request)
    try:
        _refuse_too_large(request)
        refuse_failed_upload(request)
        check = services.check_work(
            actor=request.user,
            assignment=found,
            files=_incoming_files(request, found),
            idempotency_key=key,
        )
    except SubmissionRefusedError as refused:
        last_try = LastTry(
            problems=refused.problems,
            idempotency_key=key,
            is_declared="declaration" in request.POST,
            answers=given_answers(request.POST),
            is_check=True,
        )
        return _page(request, found, last_try)
    return _to(request, check.get_absolute_url())


def _sent_key(request: SignedInRequest) -> str:
    key = request.POST.get("idempotency_key", "")
    return key if _KEY.fullmatch(key) else ""


@login_required
@require_POST
def attempt_choose(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Let one of the person's attempts count, or the latest if `attempt` is empty."""
    found = visible_assignment(request.user, slug, aslug)
    if not can_submit(request.user, found):
        raise PermissionDenied
    if wait := seconds_to_wait(ChoiceThrottle, request):
        minutes = math.ceil(wait / 60)
        messages.error(
            request, f"You have chosen many times. Choose again in {minutes} min."
        )
        return redirect(found)
    number = request.POST.get("attempt", "")
    try:
        choose_attempt(
            actor=request.user,
            assignment=found,
            submission=_own_attempt(request, found, number) if number else None,
            now=timezone.now(),
        )
    except ChoiceRefusedError as refused:
        messages.error(request, str(refused))
    else:
        done = f"Attempt {number} counts" if number else "Your latest attempt counts"
        messages.success(request, f"{done}, until you choose again.")
    return redirect(found)


def _own_attempt(
    request: SignedInRequest, found: Assignment, number: str
) -> Submission:
    attempt = number_in(number)
    if attempt is None:
        raise Http404
    mine = Submission.objects.visible_to(request.user).by(request.user)
    return get_object_or_404(mine, assignment=found, attempt=attempt)


def _page(
    request: SignedInRequest, found: Assignment, last_try: LastTry | None = None
) -> HttpResponse:
    page = assignment_page(
        user=request.user, assignment=found, now=timezone.now(), last_try=last_try
    )
    context = {"page": page, "assignment": found, "course": found.course}
    template = (
        "grading/_submit_panel.html"
        if last_try and _is_scripted(request)
        else "grading/assignment.html"
    )
    status = UNPROCESSABLE if last_try else None
    return render(request, template, context, status=status)


def _too_often(
    request: SignedInRequest, found: Assignment, wait: int, *, is_check: bool = False
) -> HttpResponse:
    """Return the form again, with the same problem for a script and for a browser."""
    minutes = math.ceil(wait / 60)
    again = "a minute" if minutes == 1 else f"{minutes} minutes"
    refused = Problem(
        code="too_many_requests",
        message=f"You have made many {'checks' if is_check else 'attempts'} in a short "
        "time. Nothing was handed in.",
        hint=f"Try again in {again}.",
    )
    last_try = LastTry(problems=(refused,), is_declared=True, is_check=is_check)
    answer = _page(request, found, last_try)
    return with_retry_after(answer, wait)


def _is_scripted(request: SignedInRequest) -> bool:
    """Return whether static/js/submit.js sent the form and wants no whole page."""
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def _refuse_too_large(request: SignedInRequest) -> None:
    """Raise if the body was over the limit, so that nothing of it was read."""
    if upload_was_too_large(request):
        raise SubmissionRefusedError([_files_too_large()])


def _files_too_large() -> Problem:
    return problem(
        "files_too_large", limit=size_in_words(settings.MAX_SUBMISSION_BYTES)
    )


def _incoming_files(request: SignedInRequest, found: Assignment) -> list[IncomingFile]:
    """Return the form's files by required name; the service reports missing files."""
    revision = found.revision
    required = revision.required_files.all() if revision else ()
    return [
        IncomingFile(
            name=file.name,
            original_name=upload.name or "",
            content=cast("IO[bytes]", upload.file),
            size=upload.size or 0,
        )
        for file in required
        for upload in request.FILES.getlist(field_name(file))
    ]


def _to_run(request: SignedInRequest, run: GradingRun) -> HttpResponse:
    messages.success(
        request,
        f"Attempt {run.work.attempt} is handed in and stored. This page has a link to "
        "its receipt.",
    )
    return _to(request, run.get_absolute_url())


def _to(request: SignedInRequest, where: str) -> HttpResponse:
    """Send the browser there, by way of the script if it has sent the form."""
    if _is_scripted(request):
        return JsonResponse({"redirect": where})
    answer = HttpResponseRedirect(where)
    answer.status_code = 303
    return answer
