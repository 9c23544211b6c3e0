"""The queue of runs: enqueue, cancel, run again, and a run's place in it."""

import datetime as dt
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.actors import Actor, actor_user
from accounts.models import User
from courses.models import AssignmentRevision
from courses.permissions import can_view_all_work
from formats.choices import Counting
from grading.models import GradingRun, Regrade, RunEvent, Trial
from grading.services.fair_turns import next_turn
from grading.services.seeds import new_grading_seed
from grading.services.worker_presence import all_paused
from grading.states import ACTIVE, State
from grading.wake_up import send_wake_up
from submissions.models import Submission

LIVE_PRIORITY: Final = 0
REGRADE_PRIORITY: Final = -10
# The expected wait is computed from this many recent runs.
_RECENT_RUNS: Final = 21


@dataclass(frozen=True, kw_only=True)
class QueuePlace:
    """A run's place: 1 is next, 0 is not queued. The wait is None where unknown.

    `tries_again_at` is set after a try that failed by our fault: no worker takes the run
    before that minute. `is_paused` means that no worker takes any run of its queue,
    because all of them have failed one run after the other.
    """

    position: int
    expected_wait_seconds: float | None = None
    tries_again_at: dt.datetime | None = None
    is_paused: bool = False


@transaction.atomic
def enqueue_run(
    *, actor: Actor, submission: Submission, priority: int = LIVE_PRIORITY
) -> GradingRun:
    """Put a new run of the submission in the queue and return it.

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
    """
    Submission.objects.select_for_update().get(pk=submission.pk)
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
    )
    run.turn, run.is_further = turn.number, turn.is_further


def store_queued(actor: Actor, run: GradingRun) -> GradingRun:
    """Store the new run as queued now, with its secret seed and its first event.

    A wake-up is sent on commit.
    """
    if run.grading_seed is None:
        run.grading_seed = new_grading_seed(run)
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

    Staff may stop every run. A student may stop only the run that their own hand-in put
    in the queue: reruns and regrades are started by staff, and only staff may stop
    them.
    """
    work = run.work
    if can_view_all_work(user, work.assignment.course):
        return True
    return work.author_id == user.pk and is_of_hand_in(run)


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


def rerun(*, actor: Actor, submission: Submission) -> GradingRun:
    """Put a new run of the submission in the queue; earlier runs stay as they are.

    The new run uses the revision of the latest finished run, and waits behind live
    work. If no run has finished yet, it is queued like a first run.
    """
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


def place_in_queue(run: GradingRun) -> QueuePlace:
    """Return where the run stands in its queue and how long it may wait there.

    The wait is estimated from the median of the assignment's recent runs. Before the
    first of them it is unknown.
    """
    if run.state != State.QUEUED:
        return QueuePlace(position=0, expected_wait_seconds=None)
    position = GradingRun.objects.ahead_of(run).count() + 1
    pause = _seconds_before_next_try(run)
    is_paused = all_paused(run.queue)
    return QueuePlace(
        position=position,
        expected_wait_seconds=None if is_paused else _wait(run, position, pause),
        tries_again_at=run.not_before and _next_minute(run.not_before)
        if pause
        else None,
        is_paused=is_paused,
    )


def _wait(run: GradingRun, position: int, pause: float) -> float | None:
    """Return how long the run may wait at this place, but at least for its pause."""
    expected = _expected_seconds(run)
    if expected is None:
        return None
    running = GradingRun.objects.filter(state=State.RUNNING, queue=run.queue).count()
    slots = max(settings.WORKER_SLOTS, running)
    waits_behind = max(position - (slots - running), 0)
    return max(expected * waits_behind / slots, pause)


def _seconds_before_next_try(run: GradingRun) -> float:
    """Return for how long no worker may take the run, after a try that failed."""
    if run.not_before is None:
        return 0.0
    return max((run.not_before - timezone.now()).total_seconds(), 0.0)


def _next_minute(moment: dt.datetime) -> dt.datetime:
    """Return the first full minute from this time on.

    SECURITY: the time of a try that failed tells how long its checks took. Students
    see such times only to the minute.
    """
    full = moment.replace(second=0, microsecond=0)
    return full if full == moment else full + dt.timedelta(minutes=1)


def _expected_seconds(run: GradingRun) -> float | None:
    """Return how long a run of this assignment takes, or None before the first one.

    SECURITY: the sum is made of the seconds of the students' notebooks, and of the
    seconds of the model solution's checks. The seconds that checks of students' work
    took would tell the next student something about these checks.
    """
    recent = GradingRun.objects.filter(
        state=State.FINISHED,
        submission__isnull=False,
        copied_from__isnull=True,
        revision__assignment=run.revision.assignment_id,
    ).order_by("-finished_at")
    measured = recent.values_list("measures__seconds", flat=True)[:_RECENT_RUNS]
    seconds = [float(found) for found in measured if found]
    if not seconds:
        return None
    return statistics.median(seconds) + _checking_seconds(run.revision)


def _checking_seconds(revision: AssignmentRevision) -> float:
    """Return how long the checks of the model solution took, or 0 if it has not run."""
    solution = GradingRun.objects.filter(
        revision=revision, trial=Trial.SOLUTION, state=State.FINISHED
    ).order_by("-number")
    measured = solution.values_list("measures__checking_seconds", flat=True).first()
    return float(measured or 0)
