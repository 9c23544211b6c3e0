"""The view of a course's stored files: the quota, and the rule for old weights."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from courses.models import Course
from courses.permissions import Right
from courses.services.course_storage import save_storage_rule
from courses.views.access import allowed_course
from grading.forms.storage import StorageForm
from grading.pages.storage import storage_page
from grading.services.old_weights import OldWeights, find_old_weights

UNPROCESSABLE: Final = 422


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def storage(request: SignedInRequest, slug: str) -> HttpResponse:
    """Show what students' files take, and the rules; on POST, store the rules.

    If the new rule would remove weights, they are counted first. The rule is stored
    once the form is sent again with the digest of what was shown.
    """
    stored = allowed_course(request.user, slug, Right.EDIT)
    course = allowed_course(request.user, slug, Right.EDIT)
    if request.method != "POST":
        return _page(request, StorageForm.of(course), stored)
    form = StorageForm.of(course, request.POST)
    if not form.is_valid():
        return _page(request, form, stored)
    found = find_old_weights(course=course, now=timezone.now())
    is_changed = course.weights_days != stored.weights_days
    if is_changed and request.POST.get("seen", "") != found.digest:
        return _page(request, form, stored, found)
    save_storage_rule(actor=request.user, course=course)
    messages.success(request, "The rules for stored files have been saved.")
    return redirect("grading:storage", slug)


def _page(
    request: SignedInRequest,
    form: StorageForm,
    stored: Course,
    asked: OldWeights | None = None,
) -> HttpResponse:
    """Return the page. `asked` are the weights that the entered rule would remove."""
    found = asked or find_old_weights(course=stored, now=timezone.now())
    context = {
        "course": stored,
        "tab": "manage",
        "form": form,
        "page": storage_page(stored, found),
        "asks": asked is not None,
    }
    status = UNPROCESSABLE if form.errors else None
    return render(request, "grading/storage.html", context, status=status)
