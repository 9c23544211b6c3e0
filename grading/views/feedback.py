"""The feedback page of a student's work, its file, and requests to mark again."""

from typing import Final

from csp.decorators import csp, csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import SignedInRequest
from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right, can_view_work_of, rights_at
from grading.forms.feedback import FeedbackForm
from grading.hidden_names import StudentWords, html_without_names
from grading.models import MarkingAlias, RegradeRequest
from grading.pages.feedback import FeedbackPage, executed_in_file, feedback_page
from grading.pages.marking_cells import NotebookSource, whole_notebook
from grading.services.feedback import feedback_times, may_see_feedback
from grading.services.feedback_file import file_styles, without_icons
from grading.services.regrade_requests import (
    RegradeRequestRefusedError,
    ask_for_regrade,
    withdraw_regrade_request,
)
from grading.views.access import allowed_assignment, number_in, visible_assignment
from storage.downloads import FRAMED, OWN_FRAMES

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # its types know no arguments
def feedback(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the student's own feedback; on POST, ask to mark a question again.

    SECURITY: before the release the page is the same for everybody.
    """
    found = allowed_assignment(request.user, slug, aslug, Right.SUBMIT)
    if request.method != "POST":
        return _page(request, found, request.user)
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return _page(request, found, request.user, form)
    key = form.cleaned_data["key"]
    try:
        ask_for_regrade(
            actor=request.user,
            assignment=found,
            key=key,
            reason=form.cleaned_data["reason"],
        )
    except RegradeRequestRefusedError as refused:
        form.add_error(None, str(refused))
        return _page(request, found, request.user, form)
    messages.success(
        request, "You asked for the question to be marked again. The answer is mailed."
    )
    return redirect("grading:feedback", slug, aslug)


@login_required
@require_POST
def regrade_withdraw(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Withdraw the student's own regrade request."""
    found = allowed_assignment(request.user, slug, aslug, Right.SUBMIT)
    rows = RegradeRequest.objects.visible_to(request.user).of_assignment(found.pk)
    row = get_object_or_404(rows, pk=pk, submission__author=request.user)
    try:
        withdraw_regrade_request(actor=request.user, request=row)
    except RegradeRequestRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The request is withdrawn.")
    return redirect("grading:feedback", slug, aslug)


@login_required
@require_safe
def feedback_file(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Send the student's own feedback as one HTML file, with the notebook in it."""
    found = allowed_assignment(request.user, slug, aslug, Right.SUBMIT)
    page = _shown(request, found, request.user)
    if page is None:
        raise Http404
    context = {
        "page": page,
        "executed": executed_in_file(page),
        "course": found.course,
        "assignment": found,
        "styles": file_styles(),
        "made_at": timezone.now(),
        "address": settings.SITE_URL + reverse("grading:feedback", args=[slug, aslug]),
    }
    html = render_to_string("grading/_feedback_file.html", context)
    answer = HttpResponse(without_icons(html))
    name = f"{found.slug}-feedback.html"
    answer["Content-Disposition"] = content_disposition_header(
        as_attachment=True, filename=name
    )
    answer["Cache-Control"] = "private, no-store"
    return answer


@login_required
@require_safe
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # as above
def feedback_of(
    request: SignedInRequest, slug: str, aslug: str, code: str
) -> HttpResponse:
    """Show staff the feedback of the student with this code, as the student gets it.

    SECURITY: who sees no names gets the page without the student's, also where somebody
    has written it: in the work, in what checks say, and in comments.
    """
    found, student = _coded(request, slug, aslug, code)
    if can_view_work_of(request.user, found):
        return _page(request, found, student, code=code)
    answer = _page(request, found, student, code=code, hides_names=True)
    words = StudentWords.of(student)
    answer.content = html_without_names(answer.content.decode(), words).encode()
    return answer


@login_required
@require_safe
@xframe_options_sameorigin
@csp(FRAMED)  # type: ignore[arg-type]  # as above
def feedback_notebook(
    request: SignedInRequest, slug: str, aslug: str, code: str
) -> HttpResponse:
    """Show the notebook that counts of the student with this code, without names."""
    found, student = _coded(request, slug, aslug, code)
    page = feedback_page(
        assignment=found, student=student, now=timezone.now(), is_own=False
    )
    if page is None or page.run is None or not page.run.executed_sha256:
        raise Http404
    source = NotebookSource(run=page.run, sha256="", hidden=StudentWords.of(student))
    shown = whole_notebook(source, whole=number_in(request.GET.get("whole", "")))
    context = {"page": shown, "fault": shown.fault, "material": f"The work of {code}"}
    answer = render(request, "grading/executed.html", context)
    answer["Cache-Control"] = "private, no-store"
    return answer


def _coded(
    request: SignedInRequest, slug: str, aslug: str, code: str
) -> tuple[Assignment, User]:
    """Return the assignment and the student with this code.

    403 if the person may not see the feedback for their work.
    """
    found = visible_assignment(request.user, slug, aslug)
    if Right.VIEW_MARKS not in rights_at(request.user, found):
        raise PermissionDenied
    aliases = MarkingAlias.objects.filter(assignment=found).select_related("student")
    student = get_object_or_404(aliases, code=code).student
    if not may_see_feedback(request.user, found, student, now=timezone.now()):
        raise PermissionDenied
    return found, student


def _shown(
    request: SignedInRequest,
    found: Assignment,
    student: User,
    *,
    notebook_url: str = "",
) -> FeedbackPage | None:
    """Return the page, or None if the person may not see it, or there is no mark."""
    now = timezone.now()
    if not may_see_feedback(request.user, found, student, now=now):
        return None
    return feedback_page(
        assignment=found,
        student=student,
        now=now,
        is_own=student == request.user,
        notebook_url=notebook_url,
    )


def _page(
    request: SignedInRequest,
    found: Assignment,
    student: User,
    form: FeedbackForm | None = None,
    *,
    code: str = "",
    hides_names: bool = False,
) -> HttpResponse:
    is_own = student == request.user
    slugs = [found.course.slug, found.slug, code]
    notebook_url = (
        reverse("grading:feedback-notebook", args=slugs) if hides_names else ""
    )
    context = {
        "is_withheld": feedback_times(found, student, now=timezone.now()).withholds,
        "page": _shown(request, found, student, notebook_url=notebook_url),
        "form": form,
        "course": found.course,
        "assignment": found,
        "tab": "marks",
        "is_own": is_own,
        "student_name": code
        if hides_names or found.marking_is_anonymous
        else student.name,
        "hides_names": hides_names,
    }
    status = UNPROCESSABLE if form and form.errors else None
    answer = render(request, "grading/feedback.html", context, status=status)
    answer["Cache-Control"] = "private, no-store"
    return answer
