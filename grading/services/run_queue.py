"""The queue of runs: enqueue, cancel, run again."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actors import Actor, actor_user
from accounts.models import User
from accounts.request_ids import current_request_id
from courses.deadlines import deadline_for, is_open
from courses.models import AssignmentRevision
from courses.permissions import Right, rights_at
from formats.choices import Counting
from grading.models import GradingRun, Regrade, RunEvent, SelfCheck
from grading.services.fair_turns import next_turn
from grading.services.nothing_run import store_nothing_run
from grading.services.seeds import new_grading_seed
from grading.states import ACTIVE, State
from grading.wake_up import send_wake_up
from submissions.models import Submission

LIVE_PRIORITY: Final = 0
REGRADE_PRIORITY: Final = -10
# Self-checks wait behind everything that may earn points.
SELF_CHECK_PRIORITY: Final = -20


@transaction.atomic
def enqueue_run(
    *, actor: Actor, submission: Submission, priority: int = LIVE_PRIORITY
) -> GradingRun:
    """Put a new run of the submission in the queue and return it.

    Without a notebook it is finished at once, and no worker sees it.

    If a run is queued or running already, that one is returned. Where the latest
    attempt counts, first runs of the author's earlier attempts that still wait are
    superseded, and the new run has the turn of the first of them. A wake-up is sent on
    commit.
    """
    superseded = _supersede_earlier(actor, submission)
    return queue_run(
        actor=actor,
        submission=submission,
        revision=submission.revision,
        priority=priority,
        in_place_of=superseded,
    )


@transaction.atomic
def queue_run(
    *,
    actor: Actor,
    submission: Submission,
    revision: AssignmentRevision,
    priority: int,
    regrade: Regrade | None = None,
    in_place_of: Sequence[GradingRun] = (),
) -> GradingRun:
    """Put a new run of the submission by this revision in the queue and return it.

    If a run is queued or running already, that one is returned. The new run has the
    first turn of those `in_place_of` which it is queued. A wake-up is sent on commit.
    By a revision without a notebook, the run is finished at once.
    """
    Submission.objects.select_for_update().get(pk=submission.pk)
    if revision.is_files_only:
        return store_nothing_run(
            actor=actor, submission=submission, revision=revision, regrade=regrade
        )
    return queue_next(
        actor,
        submission.runs.all(),
        submission=submission,
        revision=revision,
        priority=priority,
        regrade=regrade,
        in_place_of=in_place_of,
    )


def queue_next(
    actor: Actor,
    earlier: QuerySet[GradingRun],
    *,
    revision: AssignmentRevision,
    in_place_of: Sequence[GradingRun] = (),
    **values: Any,
) -> GradingRun:
    """Return the run among the earlier ones that is active, else queue the next one.

    The caller has locked the row to which the runs belong. `values` are those of a new
    run.
    """
    latest = earlier.order_by("-number").first()
    if latest is not None and latest.state in ACTIVE:
        return latest
    number = latest.number + 1 if latest else 1
    run = GradingRun(revision=revision, number=number, queue=revision.queue, **values)
    _give_turn(run, in_place_of)
    return store_queued(actor, run)


def queue_self_check(*, actor: Actor, self_check: SelfCheck) -> GradingRun:
    """Put the run of a new self-check in the queue and return it.

    It waits behind all other runs. A wake-up is sent on commit.
    """
    return queue_next(
        actor,
        GradingRun.objects.filter(self_check=self_check),
        self_check=self_check,
        revision=self_check.revision,
        priority=SELF_CHECK_PRIORITY,
    )


def _give_turn(run: GradingRun, in_place_of: Sequence[GradingRun]) -> None:
    """Set the run's place in its line: a new one, or the first of those it replaces."""
    run.course_id = run.revision.assignment.course_id
    same_line = [
        other
        for other in in_place_of
        if (other.queue, other.priority) == (run.queue, run.priority)
    ]
    if same_line:
        first = min(same_line, key=lambda other: other.turn)
        run.turn, run.is_further = first.turn, first.is_further
        return
    turn = next_turn(
        queue=run.queue,
        priority=run.priority,
        course_id=run.course_id,
        submission=run.submission,
        self_check=run.self_check,
    )
    run.turn, run.is_further = turn.number, turn.is_further


def store_queued(actor: Actor, run: GradingRun) -> GradingRun:
    """Store the new run as queued now, with its secret seed and its first event.

    A wake-up is sent on commit.
    """
    if run.grading_seed is None:
        run.grading_seed = new_grading_seed(run)
    run.request_id = current_request_id()
    run.queued_at = Now()  # by the database's clock
    run.save(force_insert=True)
    run.refresh_from_db(fields=["queued_at"])
    RunEvent.objects.create(
        run=run, at=Now(), target=State.QUEUED, actor=actor_user(actor)
    )
    transaction.on_commit(partial(send_wake_up, run.pk), robust=True)
    return run


def _supersede_earlier(actor: Actor, submission: Submission) -> list[GradingRun]:
    """Supersede waiting first runs of earlier attempts, and return them.

    Nobody waits for them any more. Reruns and regrades stay. Otherwise a student could end them by handing in again.
    """
    if submission.assignment.counting != Counting.LATEST:
        return []
    waiting = GradingRun.objects.filter(
        state=State.QUEUED,
        submission__assignment=submission.assignment_id,
        submission__author=submission.author_id,
        submission__attempt__lt=submission.attempt,
        number=1,
        regrade__isnull=True,
    )
    return [
        run
        for run in waiting
        if GradingRun.objects.transition(
            run_id=run.pk,
            source=State.QUEUED,
            target=State.SUPERSEDED,
            actor=actor_user(actor),
            event_code="superseded",
        )
    ]


def may_cancel(user: User, run: GradingRun) -> bool:
    """Return whether the person may stop this run before it ends.

    Who marks may stop every run. A student may stop only the run that their own hand-in put
    in the queue: reruns and regrades are started by staff, and only staff may stop
    them.

    SECURITY: students may stop it only while their work is taken. Later they see what
    hidden checks found of an earlier attempt, which would count again.
    """
    work = run.work
    if Right.GRADE in rights_at(user, work.assignment):
        return True
    if work.author_id != user.pk or not is_of_hand_in(run):
        return False
    return is_open(deadline_for(work.assignment, user), timezone.now())


def is_of_hand_in(run: GradingRun) -> bool:
    """Return whether the student's hand-in put the run in the queue, not staff."""
    return run.number == 1 and run.regrade_id is None


def cancel_run(*, actor: Actor, run: GradingRun) -> bool:
    """Cancel the run at once if it is queued, or ask its worker to stop it.

    Return False if the run has already ended. A running run keeps the state running
    until its worker has stopped it, and may still finish if it was about to.
    """
    user = actor_user(actor)
    # The run may change between the two looks: a worker claims it after the first, and
    # it is back in the queue after the second. So both are tried again.
    for _ in range(settings.PLATFORM_TRIES + 1):
        if GradingRun.objects.transition(
            run_id=run.pk,
            source=State.QUEUED,
            target=State.CANCELLED,
            actor=user,
            code="cancelled",
            event_code="cancelled",
        ):
            return True
        if _ask_to_stop(run, user):
            return True
        if not GradingRun.objects.filter(pk=run.pk, state__in=ACTIVE).exists():
            return False
    return False


@transaction.atomic
def _ask_to_stop(run: GradingRun, user: User | None) -> bool:
    if not GradingRun.objects.request_cancel(run_id=run.pk):
        return False
    RunEvent.objects.create(
        run=run,
        at=Now(),
        source=State.RUNNING,
        target=State.RUNNING,
        actor=user,
        code="cancel_requested",
    )
    return True


class RerunRefusedError(Exception):
    """An attempt cannot be run again. The message says why."""


def _files_removed(submission: Submission) -> RerunRefusedError:
    return RerunRefusedError(
        f"Attempt {submission.attempt} of {submission.author.name} cannot be run "
        "again: its weights were removed, as the course's rule for old weights "
        "says. Its results stay."
    )


def _nothing_to_run(submission: Submission) -> RerunRefusedError:
    return RerunRefusedError(
        f"Attempt {submission.attempt} of {submission.author.name} has no notebook, so "
        "nothing can be run. People mark its files."
    )


def rerun(*, actor: Actor, submission: Submission) -> GradingRun:
    """Put a new run of the submission in the queue; earlier runs stay as they are.

    The new run uses the revision of the latest finished run, and waits behind live
    work. If no run has finished yet, it is queued like a first run. Raises
    RerunRefusedError.
    """
    if submission.revision.is_files_only:
        raise _nothing_to_run(submission)
    if submission.files.exclude(removed_at=None).exists():
        raise _files_removed(submission)
    latest = (
        submission.runs.that_may_count()
        .filter(state=State.FINISHED)
        .select_related("revision")
        .order_by("-number")
        .first()
    )
    if latest is None:
        return enqueue_run(actor=actor, submission=submission)
    run = queue_run(
        actor=actor,
        submission=submission,
        revision=latest.revision,
        priority=REGRADE_PRIORITY,
    )
    _supersede_earlier(actor, submission)
    return run
