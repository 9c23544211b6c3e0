"""Services for regrade requests: ask, withdraw, answer."""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import structlog
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.broker import send_task_wake_up
from courses.models import Assignment
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.enrolments import lock_enrolment
from courses.wall_clock import moment_words
from formats.choices import QuestionKind
from grading.models import RegradeRequest, Stage
from grading.models.regrade_requests import LONGEST_WORDS
from grading.services.aliases import codes_of
from grading.services.feedback import (
    QuestionFeedback,
    feedback_times,
    load_feedback,
    times_after_release,
)
from grading.services.mark_adjustment import adjust_mark
from grading.services.marker_scope import marker_scope
from grading.services.marking import (
    GivenMarking,
    MarkingConflictError,
    MarkingTarget,
    save_marking,
)
from grading.services.regrade_mails import TASK
from submissions.models import Submission

log = structlog.get_logger(__name__)

# Withdrawn requests take nothing of the limit, but are bounded as well.
MOST_A_DAY: Final = 20
_DAY: Final = dt.timedelta(days=1)
_State = RegradeRequest.State


class RegradeRequestRefusedError(Exception):
    """The request or the answer was not stored. The message tells the person why."""


class RegradeRequestClosedError(RegradeRequestRefusedError):
    """The request has an answer, or was withdrawn."""


@dataclass(frozen=True, kw_only=True)
class AskingTerms:
    """Whether a student whose marks are released may ask, and how often still.

    `until` is None if the assignment takes no requests.
    """

    until: dt.datetime | None
    is_over: bool
    limit: int
    left: int

    @property
    def may_ask(self) -> bool:
        """Whether another request is taken now."""
        return self.until is not None and not self.is_over and self.left > 0


def asking_terms(
    assignment: Assignment, student: User, *, now: dt.datetime
) -> AskingTerms:
    """Return how many requests the student may still make. One query."""
    rows = RegradeRequest.objects.of_assignment(assignment.pk)
    used = rows.filter(submission__author=student).exclude(state=_State.WITHDRAWN)
    until = assignment.regrades_until
    return AskingTerms(
        until=until,
        is_over=until is not None and until < now,
        limit=assignment.regrade_limit,
        left=max(assignment.regrade_limit - used.count(), 0),
    )


def ask_for_regrade(
    *, actor: User, assignment: Assignment, key: str, reason: str
) -> RegradeRequest:
    """Store the student's request about a question of their attempt that counts.

    Raises RegradeRequestRefusedError if no requests are taken now, the limit is reached
    or the question cannot be marked again, and PermissionDenied if the actor is no
    student of the course.
    """
    require_right(actor, Right.SUBMIT, assignment.course)
    words = reason.strip()
    if not words:
        raise RegradeRequestRefusedError("Write what should be looked at again.")
    if len(words) > LONGEST_WORDS:
        raise RegradeRequestRefusedError(
            f"Use at most {LONGEST_WORDS} characters for the reason."
        )
    with transaction.atomic():
        lock_enrolment(actor, assignment.course_id)
        _check_terms(actor, assignment)
        submission, earned = _asked_about(actor, assignment, key)
        own = RegradeRequest.objects.filter(submission=submission, key=key)
        if own.open().exists():
            raise RegradeRequestRefusedError(
                "You have an open request about this question."
            )
        # Staff know the request by the student's code.
        codes_of(assignment, [actor.pk])
        return RegradeRequest.objects.create(
            submission=submission, key=key, reason=words, points_before=earned
        )


def _check_terms(actor: User, assignment: Assignment) -> None:
    """Raise RegradeRequestRefusedError if the student may make no request now.

    SECURITY: while the marks are not released to the student, the answer is the same
    whatever stands in their mark.
    """
    now = timezone.now()
    if not feedback_times(assignment, actor, now=now).is_released:
        raise RegradeRequestRefusedError("Your marks are not released.")
    terms = asking_terms(assignment, actor, now=now)
    if terms.until is None:
        raise RegradeRequestRefusedError("This coursework takes no regrade requests.")
    if terms.is_over:
        until = moment_words(terms.until, assignment.course.tz)
        raise RegradeRequestRefusedError(f"Requests were taken until {until}.")
    if not terms.left:
        raise RegradeRequestRefusedError(
            f"You have made {terms.limit} of {terms.limit} requests."
        )
    today = RegradeRequest.objects.filter(
        submission__author=actor, made_at__gt=now - _DAY
    )
    if today.count() >= MOST_A_DAY:
        raise RegradeRequestRefusedError(
            f"You made {MOST_A_DAY} requests within a day. Try again tomorrow."
        )


def _asked_about(
    actor: User, assignment: Assignment, key: str
) -> tuple[Submission, Decimal]:
    """Return the submission that counts, and the question's points in it."""
    moments = feedback_times(assignment, actor, now=timezone.now())
    feedback = load_feedback(assignment, actor, moments)
    found = feedback.question(key) if feedback else None
    if feedback is not None and feedback.mark.is_excused:
        raise RegradeRequestRefusedError(
            "You are excused from this coursework, so no question is marked again."
        )
    if feedback is None or found is None:
        raise RegradeRequestRefusedError("There is no such question in your work.")
    if feedback.run is None or feedback.run.submission is None:
        raise RegradeRequestRefusedError(
            "You handed in nothing here. Write to the lecturers of the course."
        )
    if found.earned is None:
        raise RegradeRequestRefusedError("Nobody has marked this question yet.")
    return feedback.run.submission, found.earned


@transaction.atomic
def withdraw_regrade_request(*, actor: User, request: RegradeRequest) -> None:
    """Withdraw the actor's own request.

    Raises RegradeRequestRefusedError if it has an answer or was withdrawn already.
    """
    row = _locked(request)
    if row.submission.author_id != actor.pk:
        raise RegradeRequestRefusedError(
            "Only the person who asked can withdraw a request."
        )
    row.state = _State.WITHDRAWN.value
    row.save(update_fields=["state"])


@dataclass(frozen=True, kw_only=True)
class MarkedAgain:
    """What staff give for the question of a request.

    For a question that people mark, `given` and the version of the marking that they
    have seen. For a question that checks mark, the points `by` which the mark changes.
    """

    given: GivenMarking | None = None
    version: int = 0
    by: Decimal = Decimal(0)


@transaction.atomic
def answer_regrade_request(
    *,
    actor: User,
    request: RegradeRequest,
    answer: str,
    again: MarkedAgain | None = None,
) -> RegradeRequest:
    """Answer the request, with what is given now, if anything; the answer is mailed.

    The request is "marked again" if the points of the question are others than when the
    student asked, also if somebody has marked it since; otherwise it is kept as it was.
    Marks follow. Raises RegradeRequestRefusedError without words, if the request is no
    longer open or if the question cannot be given this now, PermissionDenied if the actor may not mark this question of this
    student, and what `save_marking` and `adjust_mark` raise.
    """
    row = _locked(request)
    student, assignment = row.submission.author, row.submission.assignment
    require_right(actor, Right.GRADE, assignment.course)
    if not _may_answer(actor, row):
        raise PermissionDenied
    words = _checked_words(answer)
    before = row.points_before or Decimal(0)
    found = question_of(row)
    is_manual = found is not None and found.question.kind == QuestionKind.MANUAL
    if again is not None:
        _check_again(found, again)
    if again is not None and again.given is not None:
        _mark_again(actor, row, again.given, again.version)
        found = question_of(row)
    if is_manual and found is not None and found.earned is None:
        raise RegradeRequestRefusedError(
            "This question waits for a marker. Finish its marking first."
        )
    after = found.earned if found and found.earned is not None else before
    if again is not None and again.by:
        adjust_mark(
            actor=actor,
            assignment=assignment,
            student=student,
            by=again.by,
            reason=f"Regrade request about “{row.key}”: {words}",
        )
        after += again.by
        row.added = again.by
    now = timezone.now()
    row.points_after, row.answer = after, words
    row.state = (_State.KEPT if after == before else _State.CHANGED).value
    row.answered_by, row.answered_at, row.mail_due_at = actor, now, now
    row.save()
    transaction.on_commit(lambda: send_task_wake_up(TASK))
    log.info("regrade_request_answered", request=row.pk, state=row.state)
    return row


def _checked_words(answer: str) -> str:
    """Return the words of an answer. Raises RegradeRequestRefusedError."""
    words = answer.strip()
    if not words:
        raise RegradeRequestRefusedError("Write an answer. The student reads it.")
    if len(words) > LONGEST_WORDS:
        raise RegradeRequestRefusedError(
            f"Use at most {LONGEST_WORDS} characters for the answer."
        )
    return words


def _check_again(found: QuestionFeedback | None, again: MarkedAgain) -> None:
    """Raise RegradeRequestRefusedError if the question cannot be given this now."""
    is_manual = found is not None and found.question.kind == QuestionKind.MANUAL
    if again.given is not None and not is_manual:
        raise RegradeRequestRefusedError(
            "No rubric marks this question in the attempt that counts."
        )
    if not again.by:
        return
    if found is None or is_manual:
        raise RegradeRequestRefusedError(
            "Points are added only where checks mark the question in the attempt that "
            "counts. Answer without points."
        )
    if found.earned is None:
        return
    possible = found.question.points
    if not 0 <= found.earned + again.by <= possible:
        raise RegradeRequestRefusedError(
            f"The question has {found.earned.normalize():f} of "
            f"{possible.normalize():f} points now. With yours it must have from 0 to "
            f"{possible.normalize():f}."
        )


def _may_answer(actor: User, row: RegradeRequest) -> bool:
    """Return whether the person may mark the question of the request."""
    submission = row.submission
    scope = marker_scope(actor, submission.assignment)
    return scope.may_mark and (
        scope.may_edit or scope.includes(row.key, submission.author_id)
    )


def question_of(row: RegradeRequest) -> QuestionFeedback | None:
    """Return the question of the request as it is marked now.

    None if another attempt counts by now, or the question is in the revision no more.
    """
    submission = row.submission
    feedback = load_feedback(
        submission.assignment, submission.author, times_after_release(timezone.now())
    )
    if feedback is None or feedback.run is None:
        return None
    if feedback.run.submission_id != submission.pk:
        return None
    return feedback.question(row.key)


def _mark_again(
    actor: User, row: RegradeRequest, given: GivenMarking, version: int
) -> None:
    """Change the marking that counts. The request is named in its history.

    `version` is that of the counting marking which the actor has seen.
    """
    found = question_of(row)
    if found is None or found.marking is None:
        raise RegradeRequestRefusedError(
            "This question has no marking that counts now. Answer without points."
        )
    marking = found.marking
    target = MarkingTarget(
        rubric=marking.rubric,
        student=row.submission.author,
        submission=row.submission,
        stage=Stage(marking.stage),
    )
    second = replace(target, stage=Stage.SECOND).stored().filter(is_finished=True)
    if marking.stage == Stage.FIRST and second.exists():
        if marking.version != version:
            raise MarkingConflictError(marking, actor)
        # Two people have marked it, so the new marking is the agreed one. Otherwise the
        # question could wait for one, because the two differ now.
        target = replace(target, stage=Stage.AGREED)
        draft = target.stored().first()
        version = draft.version if draft else 0
    save_marking(
        actor=actor,
        target=target,
        given=given,
        version=version,
        reason="Regrade request.",
    )


def _locked(request: RegradeRequest) -> RegradeRequest:
    """Return the row, locked. Raises RegradeRequestClosedError if it is not open."""
    RegradeRequest.objects.select_for_update().get(pk=request.pk)
    rows = RegradeRequest.objects.select_related(
        "submission__assignment__course", "submission__author"
    )
    row: RegradeRequest = rows.get(pk=request.pk)
    if not row.is_open:
        raise RegradeRequestClosedError(
            f"This request is no longer open: {row.get_state_display().lower()}."
        )
    return row
