"""Load what one person marks at the moment, for all views of the marking page."""

from collections.abc import Collection

from django.contrib import messages
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
from grading.services.marking_queue import MarkedQuestion, MarkingQueue
from grading.views.access import allowed_assignment


def is_by_student(request: SignedInRequest) -> bool:
    """Return whether the marker goes from question to question of each student."""
    return request.GET.get("by") == BY_STUDENT and WALKS not in request.GET


def say_nothing_is_left(
    request: SignedInRequest,
    queue: MarkingQueue,
    question: MarkedQuestion,
    done: Collection[tuple[str, int]] = (),
) -> None:
    """Say why no answer to the question comes next. `done` are marked by now."""
    works = [each for each in queue.of_question(question.key) if each.submission]
    open_ones = [
        each
        for each in works
        if not (each.is_finished or each.is_excused)
        and (each.key, each.student) not in done
    ]
    own = {(each.key, each.student) for each in queue.own}
    mine = [each for each in open_ones if (each.key, each.student) in own]
    name = f"“{question.title}”"
    if not works:
        messages.info(request, f"There is no answer to {name} for you to mark so far.")
    elif mine:
        messages.info(
            request,
            f"Nothing is left to be marked of {name} now. {_wait(len(mine))} until "
            f"{'its run has' if len(mine) == 1 else 'their runs have'} ended.",
        )
    elif open_ones:
        messages.info(
            request,
            f"You have marked all answers to {name} that you are given. "
            f"{_wait(len(open_ones))}, given to others or to nobody.",
        )
    else:
        messages.success(request, f"Nothing is left to be marked of {name}.")


def _wait(count: int) -> str:
    return "1 answer waits" if count == 1 else f"{count} answers wait"


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
