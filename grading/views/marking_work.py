"""The marking page: one question of one student, and what the marker gives for it."""

from decimal import Decimal
from typing import Any, Final

from csp.decorators import csp_update
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import SignedInRequest
from courses.frozen_marks import MarksFrozenError
from courses.permissions import Right
from formats.assignment.rubric import Starts
from grading.forms.marking_work import TypedMarking
from grading.models import Marking
from grading.pages.marking_desk import MarkingDesk
from grading.pages.marking_work import marking_work_page
from grading.services.agreement import agreed_marking_of
from grading.services.marker_scope import marker_scope
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
    save_marking,
)
from grading.services.marking_alike import (
    MOST_ALIKE,
    AlikeWork,
    NotGiven,
    mark_alike,
)
from grading.services.marking_presence import present_markers
from grading.services.marking_queue import WorkItem, load_marking_queue, neighbours
from grading.services.marking_refused import MarkingRefusedError
from grading.services.saved_comments import keep_comment
from grading.services.student_answers import (
    answers_in,
    revisions_of,
    submitted_notebooks,
)
from grading.views.access import allowed_assignment
from grading.views.marking_desk import (
    is_by_student,
    marking_desk,
    say_nothing_is_left,
)
from grading.views.marking_parts import likes_of
from storage.downloads import OWN_FRAMES

_CONFLICT: Final = 409
_UNPROCESSABLE: Final = 422
# How many answers that could not be marked are named.
_MOST_NAMED: Final = 10


@login_required
@never_cache
@require_safe
def marking_next(
    request: SignedInRequest, slug: str, aslug: str, key: str
) -> HttpResponse:
    """Go to the first unmarked work of the question that nobody else has open."""
    found = allowed_assignment(request.user, slug, aslug, Right.GRADE)
    by_student = is_by_student(request)
    scope = marker_scope(request.user, found)
    queue = load_marking_queue(found, scope, key="" if by_student else key)
    question = queue.question(key)
    if question is None:
        raise Http404
    row = queue.row(key, by_student=by_student)
    busy = present_markers(found, request.user)
    item = neighbours(row, key=key, student=None, busy=busy).next_to_mark
    if item is None:
        say_nothing_is_left(request, queue, question)
        return redirect("grading:marking-answers", slug, aslug, key)
    args = [slug, aslug, item.key, item.code]
    query = "?by=student" if by_student else ""
    return redirect(reverse("grading:marking-work", args=args) + query)


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@csp_update(OWN_FRAMES)  # type: ignore[arg-type]  # its types know no arguments
def marking_work(
    request: SignedInRequest, slug: str, aslug: str, key: str, code: str
) -> HttpResponse:
    """Show an answer beside the rubric; on POST, store what the marker gives."""
    desk = marking_desk(request, slug, aslug, key, code)
    if request.method != "POST":
        like = likes_of(desk) if request.GET.get("like") else None
        return _page(request, desk, like=like, take=request.GET.get("take", ""))
    typed = TypedMarking.from_post(request.POST)
    if moved := desk.attempt_fault(typed.attempt):
        return _again(request, desk, typed, conflict=moved)
    if len(typed.alike) > MOST_ALIKE:
        fault = f"Choose at most {MOST_ALIKE} like answers at a time."
        return _again(request, desk, typed, faults=[fault])
    return _store(request, desk, typed)


def _store(
    request: SignedInRequest, desk: MarkingDesk, typed: TypedMarking
) -> HttpResponse:
    """Store what the marker gives, and go on; or show the form with why it is not."""
    action = request.POST.get("action", "finish")
    given = typed.given(is_finished=action == "finish")
    if action == "remove":
        given = GivenMarking(is_finished=False)
    if given is None:
        fault = (
            "Write the points to add as a number with two decimals at most, such as 0.5 "
            "or \N{MINUS SIGN}1."
        )
        return _again(request, desk, typed, faults=[fault])
    if action == "finish" and typed.gives_nothing and desk.rubric.starts == Starts.ZERO:
        fault = "Nothing is chosen. To give 0 points, write 0 as the points to add."
        return _again(request, desk, typed, faults=[fault])
    before = desk.target.stored().values_list("comment", flat=True).first()
    try:
        marking = save_marking(
            actor=request.user, target=desk.target, given=given, version=typed.version
        )
    except MarkingConflictError as conflict:
        return _again(request, desk, typed, conflict=conflict.summary)
    except (MarkingRefusedError, MarksFrozenError) as refused:
        return _again(request, desk, typed, faults=[str(refused)])
    if not given.is_finished:
        messages.success(request, f"{desk.name}: a draft, which counts nothing.")
        return redirect(desk.form_url)
    if given.comment != before:
        keep_comment(
            actor=request.user,
            rubric=desk.rubric,
            text=given.comment,
            stage=desk.item.stage,
        )
    return _after(request, desk, typed, given, marking)


def _again(
    request: SignedInRequest, desk: MarkingDesk, typed: TypedMarking, **why: Any
) -> HttpResponse:
    """Show the form with all that was typed, and why it is not stored."""
    return _page(
        request,
        desk,
        typed=typed,
        like=likes_of(desk, typed.alike) if typed.alike else None,
        status=_CONFLICT if "conflict" in why else _UNPROCESSABLE,
        **why,
    )


def _page(
    request: SignedInRequest, desk: MarkingDesk, *, status: int = 200, **more: Any
) -> HttpResponse:
    page = marking_work_page(desk, request.user, timezone.now(), **more)
    context = {
        "page": page,
        "assignment": desk.assignment,
        "course": desk.assignment.course,
        "tab": "marks",
    }
    return render(request, "grading/marking_work.html", context, status=status)


def _after(
    request: SignedInRequest,
    desk: MarkingDesk,
    typed: TypedMarking,
    given: GivenMarking,
    marking: Marking,
) -> HttpResponse:
    """Mark answers that are alike, say what was stored, and go on."""
    works = list(_alike(desk, typed))
    stored, failed = mark_alike(
        actor=request.user,
        rubric=desk.rubric,
        works=works,
        given=given,
        like=desk.item.code,
    )
    more = f", and {len(stored)} with a like answer" if stored else ""
    points = _points_words(marking, desk)
    agreed = (
        " The agreed marking still counts." if agreed_marking_of(desk.target) else ""
    )
    messages.success(request, f"{desk.name}: {points}{more}.{agreed}")
    if failed:
        messages.warning(request, _words(failed))
    done = {(desk.item.key, desk.item.student)}
    done |= {(desk.item.key, each.student_id) for each in stored}
    return redirect(_next_url(request, desk, done))


def _plain(points: Decimal) -> str:
    return f"{points.normalize():f}".replace("-", "\N{MINUS SIGN}")


def _points_words(marking: Marking, desk: MarkingDesk) -> str:
    marking.rubric = desk.rubric
    points, total = marking.points, marking.total
    cut = "" if points == total else f" (cut off from {_plain(total)})"
    return f"{_plain(points)} of {_plain(desk.rubric.points)} points{cut}"


def _alike(desk: MarkingDesk, typed: TypedMarking) -> list[AlikeWork]:
    """Return the other students' work that was chosen and is the person's to mark."""
    items = [
        each
        for each in desk.queue.of_question(desk.item.key)
        if each.code in typed.alike
        and each.submission is not None
        and each.student != desk.item.student
        and (each.rubric, each.stage) == (desk.item.rubric, desk.item.stage)
    ]
    if not items:
        return []
    submissions = [desk.item.submission, *(each.submission for each in items)]
    notebooks = submitted_notebooks(submissions)
    revisions = (
        revisions_of((each.revision for each in items), known=desk.revision)
        if desk.revision
        else {}
    )

    def places(item: WorkItem) -> tuple[int, ...]:
        sha256 = notebooks.get(item.submission) if item.submission else None
        if sha256 is None:
            return ()
        answers = answers_in(sha256, desk.keys, revisions.get(item.revision))
        return answers[item.key].places if item.key in answers else ()

    own = places(desk.item)
    return [
        AlikeWork(
            item=each,
            attempt=typed.alike[each.code].attempt,
            version=typed.alike[each.code].version,
            cells={
                here + 1: there + 1
                for here, there in zip(own, places(each), strict=False)
            },
        )
        for each in items
    ]


def _words(failed: list[NotGiven]) -> str:
    named = "; ".join(f"{each.item.code}: {each.why}" for each in failed[:_MOST_NAMED])
    more = len(failed) - _MOST_NAMED
    return f"Not stored for {named}" + (f" And {more} more." if more > 0 else "")


def _next_url(
    request: SignedInRequest, desk: MarkingDesk, done: set[tuple[str, int]]
) -> str:
    """Return where to go on, or the list of answers if nothing is left to be marked.

    Whoever goes through the list goes to its next answer.
    """
    row = [
        each._replace(is_finished=True) if (each.key, each.student) in done else each
        for each in desk.row
    ]
    if desk.walk is not None:
        after = row[[each.student for each in row].index(desk.item.student) + 1 :]
        return next(
            (
                desk.url_of(each)
                for each in after
                if (each.key, each.student) not in done
            ),
            desk.answers_url,
        )
    item = neighbours(
        row,
        key=desk.item.key,
        student=desk.item.student,
        busy=present_markers(desk.assignment, request.user),
    ).next_to_mark
    if item is not None:
        return desk.url_of(item)
    say_nothing_is_left(request, desk.queue, desk.question, done)
    return desk.answers_url
