"""Students who handed in nothing: 0 points, excused, or marked by another channel."""

from typing import Final

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.http import SignedInRequest
from accounts.models import User
from courses.permissions import Right
from grading.models import Standing
from grading.pages.marking_desk import overview_url
from grading.pages.marking_nothing import items_without_work, marking_nothing_page
from grading.services.mark_standing import StandingRefusedError, set_standing
from grading.services.marker_scope import marker_scope
from grading.services.marking_queue import load_marking_queue
from grading.views.access import allowed_assignment

_UNPROCESSABLE: Final = 422


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def marking_nothing(
    request: SignedInRequest, slug: str, aslug: str, key: str
) -> HttpResponse:
    """List who handed in nothing; on POST, store what is decided for those chosen."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE)
    scope = marker_scope(request.user, found)
    queue = load_marking_queue(found, scope, key=key)
    question = queue.question(key)
    if question is None:
        raise Http404
    faults = []
    if request.method == "POST":
        codes = set(request.POST.getlist("code"))
        items = items_without_work(queue, key)
        chosen = [each.student for each in items if each.code in codes]
        wanted = request.POST.get("standing", "")
        standing = Standing(wanted) if wanted in Standing.values else None
        try:
            for student in User.objects.filter(pk__in=chosen):
                set_standing(
                    actor=request.user,
                    assignment=found,
                    student=student,
                    standing=standing,
                    reason=request.POST.get("reason", "").replace("\0", ""),
                )
        except StandingRefusedError as refused:
            faults = [str(refused)]
        else:
            if chosen:
                messages.success(request, f"Stored for {len(chosen)}.")
                return redirect(request.path)
            faults = ["Choose at least one student."]
    page = marking_nothing_page(found, question, queue, scope)
    context = {
        "page": page,
        "overview_url": overview_url(found),
        "faults": faults,
        "typed": request.POST,
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    status = _UNPROCESSABLE if faults else 200
    return render(request, "grading/marking_nothing.html", context, status=status)
