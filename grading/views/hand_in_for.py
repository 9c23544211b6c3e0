"""The page where staff hand in work for a student."""

import re
import uuid
from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.forms.form_errors import add_faults
from courses.models import Assignment
from courses.permissions import Right
from grading.forms.hand_in_for import HandInForForm
from grading.models import GradingRun
from grading.services.on_behalf import EntryRefusedError, submit_for_student
from grading.views.access import allowed_assignment
from submissions.arrival import upload_was_too_large
from submissions.exceptions import SubmissionRefusedError

UNPROCESSABLE: Final = 422
_KEY: Final = re.compile(r"[0-9a-f]{16,64}")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hand_in_for(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the form; on POST, hand the files in and show the receipt."""
    found = allowed_assignment(request.user, slug, aslug, Right.MANAGE_PEOPLE)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            initial = {
                "student": _number(request.GET.get("student", "")),
                "idempotency_key": uuid.uuid4().hex,
                "uses_attempt": True,
            }
            return _page(request, found, HandInForForm(found, initial=initial))
        form = HandInForForm(found, request.POST, request.FILES)
        if upload_was_too_large(request):
            form.add_error(None, "The files together are larger than the limit.")
        run = _handed_in(request, found, form) if form.is_valid() else None
        if run is None:
            return _page(request, found, form)
    messages.success(
        request,
        f"Attempt {run.work.attempt} of {run.work.author} is handed in and stored. The "
        "receipt is mailed to the student.",
    )
    return redirect(run.work)


def _handed_in(
    request: SignedInRequest, found: Assignment, form: HandInForForm
) -> GradingRun | None:
    """Hand in what a valid form has; return None with the reasons in the form."""
    given = form.cleaned_data
    key = given["idempotency_key"]
    try:
        return submit_for_student(
            actor=request.user,
            student=given["student"],
            assignment=found,
            files=form.incoming,
            reason=given["reason"],
            stated_at=given["received_at"],
            uses_attempt=given["uses_attempt"],
            idempotency_key=f"staff-{key}" if _KEY.fullmatch(key) else "",
        )
    except EntryRefusedError as refused:
        add_faults(form, refused)
    except SubmissionRefusedError as refused:
        form.add_problems(refused.problems)
    return None


def _number(text: str) -> str:
    return text if text.isascii() and text.isdecimal() else ""


def _page(
    request: SignedInRequest, found: Assignment, form: HandInForForm
) -> HttpResponse:
    context = {
        "course": found.course,
        "tab": "marks",
        "assignment": found,
        "form": form,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/hand_in_for.html", context, status=status)
