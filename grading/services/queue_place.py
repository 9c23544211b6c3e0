"""A run's place in its queue, and how long it may wait there."""

import datetime as dt
import statistics
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from courses.models import AssignmentRevision
from grading.models import GradingRun, Trial
from grading.querysets import GradingRunQuerySet
from grading.services.worker_presence import all_paused
from grading.states import State

# The expected wait is computed from this many recent runs.
_RECENT_RUNS: Final = 21
# A new revision has no runs of its own yet; so many earlier ones are asked.
_REVISIONS_LOOKED_AT: Final = 3


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


def place_in_queue(run: GradingRun) -> QueuePlace:
    """Return where the run stands in its queue and how long it may wait there.

    The wait is estimated from the median of the assignment's recent runs. Before the
    first of them it is unknown.
    """
    if run.state != State.QUEUED:
        return QueuePlace(position=0, expected_wait_seconds=None)
    position = GradingRun.objects.number_ahead_of(run) + 1
    tries_again_at = None
    if run.not_before is not None and run.not_before > timezone.now():
        tries_again_at = _next_minute(run.not_before)
    is_paused = all_paused(run.queue)
    return QueuePlace(
        position=position,
        expected_wait_seconds=None
        if is_paused
        else _wait(run, position, tries_again_at),
        tries_again_at=tries_again_at,
        is_paused=is_paused,
    )


def _wait(
    run: GradingRun, position: int, tries_again_at: dt.datetime | None
) -> float | None:
    """Return how long the run may wait at this place, but at least until its next try."""
    expected = _expected_seconds(run)
    if expected is None:
        return None
    running = GradingRun.objects.filter(state=State.RUNNING, queue=run.queue).count()
    slots = max(settings.WORKER_SLOTS, running)
    waits_behind = max(position - (slots - running), 0)
    pause = 0.0
    if tries_again_at is not None:
        pause = (tries_again_at - timezone.now()).total_seconds()
    return max(expected * waits_behind / slots, pause)


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
    seconds = _recent_seconds(run.revision_id)
    if not seconds:
        # The revision is new: earlier ones of the assignment tell nearly the same.
        earlier = AssignmentRevision.objects.filter(
            assignment=run.revision.assignment_id
        ).exclude(pk=run.revision_id)
        latest = earlier.order_by("-number").values_list("pk", flat=True)
        for revision_id in latest[:_REVISIONS_LOOKED_AT]:
            seconds = seconds or _recent_seconds(revision_id)
    if not seconds:
        return None
    return statistics.median(seconds) + _checking_seconds(run.revision)


def _recent_seconds(revision_id: int) -> list[float]:
    measured = recent_runs(revision_id).values_list("measures__seconds", flat=True)
    return [float(found) for found in measured[:_RECENT_RUNS] if found]


def recent_runs(revision_id: int) -> GradingRunQuerySet:
    """Return finished runs of work by the revision that executed, the latest first."""
    return GradingRun.objects.filter(
        state=State.FINISHED,
        submission__isnull=False,
        copied_from__isnull=True,
        revision=revision_id,
    ).order_by("-finished_at")


def _checking_seconds(revision: AssignmentRevision) -> float:
    """Return how long the checks of the model solution took, or 0 if it has not run."""
    measured = (
        finished_solutions(revision)
        .values_list("measures__checking_seconds", flat=True)
        .first()
    )
    return float(measured or 0)


def finished_solutions(revision: AssignmentRevision) -> GradingRunQuerySet:
    """Return the finished trials of the model solution, the latest first."""
    # Databases use the index of trials only where the query excludes other runs.
    return GradingRun.objects.filter(
        ~Q(trial=""), revision=revision, trial=Trial.SOLUTION, state=State.FINISHED
    ).order_by("-number")
