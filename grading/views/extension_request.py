"""The views with which a student asks for an extension, and withdraws the request."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import SignedInRequest
from courses.deadlines import deadline_for
from courses.models import Assignment, ExtensionRequest
from courses.permissions import Right
from courses.services.extension_requests import (
    RequestRefusedError,
    ask_for_extension,
    withdraw_request,
)
from grading.forms.extension_request import ExtensionRequestForm
from grading.views.access import allowed_assignment
from storage.downloads import blob_attachment

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def extension_request(request: SignedInRequest, slug: str, aslug: str) -> HttpResponse:
    """Show the student's requests and the form; on POST, ask."""
    found = allowed_assignment(request.user, slug, aslug, Right.SUBMIT)
    with timezone.override(found.course.tz):
        if request.method != "POST":
            return _page(request, found, ExtensionRequestForm(found))
        form = ExtensionRequestForm(found, request.POST, request.FILES)
        if not form.is_valid():
            return _page(request, found, form)
        try:
            ask_for_extension(
                actor=request.user,
                assignment=found,
                wished_due_at=form.cleaned_data["wished_due_at"],
                reason=form.cleaned_data["reason"],
                file=form.request_file(),
            )
        except RequestRefusedError as refused:
            form.add_error(None, str(refused))
            return _page(request, found, form)
    messages.success(request, "You asked for an extension. The answer comes by mail.")
    return redirect("grading:extension-request", slug, aslug)


@login_required
@require_POST
def extension_request_withdraw(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Withdraw the student's own request."""
    found = allowed_assignment(request.user, slug, aslug, Right.SUBMIT)
    rows = ExtensionRequest.objects.filter(assignment=found, student=request.user)
    try:
        withdraw_request(actor=request.user, request=get_object_or_404(rows, pk=pk))
    except RequestRefusedError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, "The request is withdrawn.")
    return redirect("grading:extension-request", slug, aslug)


@login_required
@require_safe
def extension_request_file(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> FileResponse:
    """Send the file of a request to its student, or to who edits the course."""
    visible = ExtensionRequest.objects.visible_to(request.user)
    row = get_object_or_404(
        visible, pk=pk, assignment__slug=aslug, assignment__course__slug=slug
    )
    if not row.file_sha256:
        raise Http404
    return blob_attachment(row.file_sha256, row.file_name)


def _page(
    request: SignedInRequest, found: Assignment, form: ExtensionRequestForm
) -> HttpResponse:
    rows = ExtensionRequest.objects.filter(assignment=found, student=request.user)
    requests = list(rows)
    context = {
        "course": found.course,
        "tab": "course",
        "assignment": found,
        "form": form,
        "requests": requests,
        "has_open": any(each.is_open for each in requests),
        "deadline": deadline_for(found, request.user),
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/extension_request.html", context, status=status)
