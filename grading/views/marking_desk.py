"""Load what one person marks at the moment, for all views of the marking page."""

from django.http import Http404

from accounts.http import SignedInRequest
from courses.permissions import Right
from grading.answer_filter import WALKS, AnswerFilter
from grading.pages.marking_desk import (
    BY_STUDENT,
    MarkingDesk,
    NoSuchWorkError,
    load_desk,
)
from grading.views.access import allowed_assignment


def is_by_student(request: SignedInRequest) -> bool:
    """Return whether the marker goes from question to question of each student."""
    return request.GET.get("by") == BY_STUDENT and WALKS not in request.GET


def marking_desk(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> MarkingDesk:
    """Load what the person marks. Raises Http404 if it is not theirs to mark.

    403 is for people who see the assignment and may mark nothing in it.
    """
    try:
        return load_desk(
            request.user,
            allowed_assignment(request.user, slug, aslug, Right.GRADE),
            key,
            code,
            attempt=request.GET.get("attempt", ""),
            by_student=is_by_student(request),
            walk=AnswerFilter.of(request.GET) if WALKS in request.GET else None,
        )
    except NoSuchWorkError:
        raise Http404 from None
