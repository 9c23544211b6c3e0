"""The view of one student's mark and its history, for staff."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from accounts.models import User
from formats.choices import Role
from grading.pages.mark_history import mark_history_page
from grading.views.access import MOST_DIGITS, allowed_work


@login_required
@require_safe
def mark_history(
    request: SignedInRequest, slug: str, aslug: str, pk: int
) -> HttpResponse:
    """Show the parts of a student's mark, and who changed it, when and why."""
    found = allowed_work(request.user, slug, aslug, entered=True)
    if len(str(pk)) > MOST_DIGITS:
        raise Http404
    students = User.objects.filter(
        enrolments__course=found.course_id, enrolments__role=Role.STUDENT
    )
    student = get_object_or_404(students, pk=pk)
    context = {
        "page": mark_history_page(found, student),
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    return render(request, "grading/mark_history.html", context)
