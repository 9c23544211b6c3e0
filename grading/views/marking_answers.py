"""The view of all answers to a question."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.http import SignedInRequest
from courses.permissions import Right
from grading.answer_filter import AnswerFilter
from grading.pages.marking_answers import marking_answers_page
from grading.services.marker_scope import marker_scope
from grading.services.marking_queue import load_marking_queue
from grading.views.access import allowed_assignment


@login_required
@never_cache
@require_safe
def marking_answers(
    request: SignedInRequest, slug: str, aslug: str, key: str
) -> HttpResponse:
    """List all answers to the question that the person may mark."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE)
    scope = marker_scope(request.user, found)
    queue = load_marking_queue(found, scope, key=key)
    question = queue.question(key)
    if question is None:
        raise Http404
    context = {
        "page": marking_answers_page(
            assignment=found,
            question=question,
            queue=queue,
            scope=scope,
            chosen=AnswerFilter.of(request.GET),
            page=request.GET.get("page", ""),
        ),
        "assignment": found,
        "course": found.course,
        "tab": "marks",
    }
    return render(request, "grading/marking_answers.html", context)
