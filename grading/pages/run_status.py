"""All that the live part of a run page shows: state, verdict, results and measures."""

import datetime as dt
import hashlib
import math
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.urls import reverse

from grading.messages import Message, Tone, describe
from grading.models import GradingRun, Mark, Standing
from grading.pages.badges import Badge, badge_for
from grading.pages.notebook_links import NotebookLinks, notebook_links
from grading.pages.results import ResultsView, results_view
from grading.pages.run_measures import Measures, measures_of
from grading.points_bar import PointsBar, points_bar
from grading.poll_times import Poll, poll_of
from grading.self_check_messages import describe_self_check
from grading.services import (
    RunTimes,
    Trace,
    attempt_bar,
    counting_run,
    counting_run_to_show,
    is_of_hand_in,
    load_shown_hand_points,
    place_in_queue,
    self_check_results,
    shown_times,
    staff_traces,
)
from grading.services.visibility import show_run_at
from grading.states import ACTIVE, State
from grading.visible_results import ShownResults, ViewTimes
from grading.worker.input_record import InputRecord
from grading.worker.progress import Progress

_MEGABYTE = 1024**2
_MINUTE = 60
# The tones of templates/components/alert.html.
_TONES = {
    Tone.OK: "success",
    Tone.WARN: "warning",
    Tone.BAD: "danger",
    Tone.PORTAL_FAULT: "danger",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of a run: `state` is done, now, todo or failed."""

    title: str
    state: str
    at: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """The place in the queue: 1 is next. `wait_seconds` is rounded up, or None.

    `tries_again_at` and `is_paused` are those of grading.services.QueuePlace.
    """

    position: int
    wait_seconds: int | None
    tries_again_at: dt.datetime | None = None
    is_paused: bool = False

    @property
    def ahead(self) -> int:
        return self.position - 1


@dataclass(frozen=True, kw_only=True)
class Running:
    """How far a running run has come, against its limits."""

    cell: int
    cells: int
    tail: str
    memory_bytes: int
    memory_limit_bytes: int
    limit_seconds: int
    # True once the notebook has ended; `seconds` is then how long it took.
    is_checking: bool
    seconds: int
    is_stopping: bool
    # Left out of the comparison: the page counts these seconds by itself.
    elapsed_seconds: int = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """All that the live part shows. Its `repr` decides whether anything has changed.

    SECURITY: the hash of the `repr` is sent to the person, so it must contain nothing
    that they may not see: a time can be found from its hash.
    """

    run_id: UUID
    # Where the page asks for the status again.
    url: str
    state: str
    # "Attempt 2", or "Check" for a self-check.
    name: str
    attempt: int
    badge: Badge
    message: Message
    tone: str
    steps: tuple[Step, ...]
    waiting: Waiting | None
    running: Running | None
    results: ResultsView | None
    # None until all results are there.
    bar: PointsBar | None
    measures: Measures | None
    record: InputRecord | None
    # SECURITY: traces contain the tests' own lines; empty unless this is a staff view.
    traces: tuple[Trace, ...]
    # The executed notebook, once there is one.
    notebook: NotebookLinks | None
    counts: bool
    can_cancel: bool
    can_run_again: bool
    is_own: bool
    # None once the run is over.
    poll: Poll | None

    @property
    def is_live(self) -> bool:
        """Whether the run is not over yet."""
        return self.poll is not None

    @property
    def headline(self) -> str:
        return self.message.title

    @property
    def announcement(self) -> str:
        """The sentence that screen readers announce when the page changes."""
        if self.waiting is not None:
            return f"{self.headline}: place {self.waiting.position}."
        return f"{self.headline}."

    @property
    def etag(self) -> str:
        return hashlib.sha256(repr(self).encode(errors="replace")).hexdigest()[:32]


def run_status(
    run: GradingRun,
    *,
    moments: ViewTimes,
    is_own: bool,
    is_staff_view: bool,
    may_grade: bool,
) -> RunStatus:
    """Return how the run of a submission stands, as this person may see it.

    `moments` are the times of the submission's author.
    """
    shown = shown_results(run, moments)
    counts, bar = _counts(run, shown, moments)
    record = InputRecord.from_json(run.record) if run.record else None
    return _status(
        run,
        now=moments.now,
        is_own=is_own,
        message=describe(run, is_own=is_own),
        shown=shown,
        times=shown_times(run, sees_all=is_staff_view),
        url=reverse("grading:run-status", args=[run.pk]),
        notebook=notebook_links(run, url=reverse("grading:executed", args=[run.pk])),
        name=f"Attempt {run.work.attempt}",
        attempt=run.work.attempt,
        measures=measures_of(run, sees_checking=is_staff_view),
        record=record if record is None or is_staff_view else record.for_students,
        traces=staff_traces(run) if is_staff_view and run.is_terminal else (),
        counts=counts,
        bar=bar,
        can_cancel=(
            run.state in ACTIVE
            and run.cancel_requested_at is None
            and (is_staff_view or is_of_hand_in(run))
        ),
        can_run_again=(
            may_grade and run.is_terminal and not run.work.revision.is_files_only
        ),
    )


def self_check_status(run: GradingRun, *, now: dt.datetime) -> RunStatus:
    """Return how the run of a self-check stands, for its author."""
    record = InputRecord.from_json(run.record) if run.record else None
    own = [run.self_check_id]
    shown = shown_self_check_results(run, now=now)
    return _status(
        run,
        now=now,
        is_own=True,
        shown=shown,
        times=shown_times(run, sees_all=False),
        url=reverse("grading:self-check-status", args=own),
        notebook=notebook_links(
            run, url=reverse("grading:self-check-executed", args=own)
        ),
        name="Check",
        message=describe_self_check(run),
        attempt=0,
        measures=measures_of(run, sees_checking=False),
        record=record.for_students if record else None,
        traces=(),
        counts=False,
        bar=points_bar(shown) if shown and run.is_terminal else None,
        can_cancel=run.state in ACTIVE and run.cancel_requested_at is None,
        can_run_again=False,
    )


def _status(
    run: GradingRun,
    *,
    now: dt.datetime,
    message: Message,
    shown: ShownResults | None,
    notebook: NotebookLinks | None,
    times: RunTimes,
    **given: Any,
) -> RunStatus:
    """Return the status with what follows from the run's row alone."""
    waiting = _waiting(run)
    return RunStatus(
        run_id=run.pk,
        state=run.state,
        badge=badge_for(run),
        message=message,
        tone=_TONES[message.tone] if run.is_terminal else "accent",
        steps=_steps(run, times),
        waiting=waiting,
        running=_running(run, now) if run.state == State.RUNNING else None,
        results=(
            results_view(shown, notebook.questions if notebook else None)
            if shown
            else None
        ),
        notebook=notebook,
        poll=_poll(run, waiting),
        **given,
    )


def shown_results(run: GradingRun, moments: ViewTimes) -> ShownResults | None:
    """Return the results that the run page shows, or None while there are none."""
    if run.state not in (State.RUNNING, State.FINISHED):
        return None
    return show_run_at(run, moments)


def shown_self_check_results(
    run: GradingRun, *, now: dt.datetime
) -> ShownResults | None:
    """Return the results that a self-check's page shows, or None if there are none."""
    has_results = run.state in (State.RUNNING, State.FINISHED)
    return self_check_results(run, now) if has_results else None


def _counts(
    run: GradingRun, shown: ShownResults | None, moments: ViewTimes
) -> tuple[bool, PointsBar | None]:
    """Return whether to say that this run counts, and the points of a finished run.

    It is said only where that tells nothing hidden.
    """
    if run.state != State.FINISHED or shown is None:
        return False, None
    assignment, author = run.work.assignment, run.work.author
    counts = False
    own = Mark.objects.filter(assignment=assignment, student=author)
    standing = own.values_list("standing", flat=True).first()
    if standing is not None and not (moments.sees_all and standing == Standing.EXCUSED):
        named = (
            counting_run(assignment, author)
            if moments.sees_all
            else counting_run_to_show(assignment, author, moments)
        )
        counts = named == run
    marked = load_shown_hand_points(assignment, author, moments)
    return counts, attempt_bar(
        run, shown, moments=moments, marked=marked, counts=counts
    )


def _waiting(run: GradingRun) -> Waiting | None:
    if run.state != State.QUEUED:
        return None
    place = place_in_queue(run)
    seconds = place.expected_wait_seconds
    return Waiting(
        position=place.position,
        wait_seconds=None if seconds is None else _rounded_up(seconds),
        tries_again_at=place.tries_again_at,
        is_paused=place.is_paused,
    )


def _rounded_up(seconds: float) -> int:
    """Return an estimate in whole tens of seconds, or above two minutes in minutes."""
    step = 10 if seconds <= 2 * _MINUTE else _MINUTE
    return math.ceil(seconds / step) * step


def _running(run: GradingRun, now: dt.datetime) -> Running:
    progress = Progress.from_json(run.progress)
    since = (now - run.started_at).total_seconds() if run.started_at else 0.0
    return Running(
        cell=progress.cell,
        cells=progress.cells,
        tail=progress.tail,
        memory_bytes=progress.memory_bytes,
        memory_limit_bytes=run.revision.memory_mb * _MEGABYTE,
        limit_seconds=run.revision.run_seconds,
        is_checking=progress.is_checking,
        seconds=int(progress.seconds) if progress.is_checking else 0,
        is_stopping=run.cancel_requested_at is not None,
        elapsed_seconds=max(int(since), 0),
    )


def _poll(run: GradingRun, waiting: Waiting | None) -> Poll | None:
    """Return how often the page asks again, or None if the run has ended."""
    return poll_of(
        run,
        position=waiting.position if waiting else None,
        wait_seconds=waiting.wait_seconds if waiting else None,
    )


_REACHED = {State.QUEUED: 1, State.RUNNING: 2, State.FINISHED: 4}


def _steps(run: GradingRun, times: RunTimes) -> tuple[Step, ...]:
    """Return the steps of a run: received, queued, running, marked or checked.

    A run that ended without a result has its end as the last step. One that executed
    nothing was received, and people mark it.
    """
    check = run.self_check
    if run.executed_nothing:
        return (
            Step(title="Received", state="done", at=run.work.received_at),
            Step(title="Ready to be marked", state="done"),
        )
    titles = (
        ("Received", check.asked_at if check else run.work.received_at),
        ("In the queue", times.queued_at),
        ("Running", times.started_at),
        ("Checked" if check else "Marked", times.finished_at),
    )
    ended_short = run.is_terminal and run.state != State.FINISHED
    reached = (
        (2 if run.started_at is None else 3)
        if ended_short
        else _REACHED[State(run.state)]
    )
    steps = [
        Step(
            title=title,
            state="done" if index < reached else "now" if index == reached else "todo",
            at=at if index <= reached else None,
        )
        for index, (title, at) in enumerate(titles)
    ]
    if ended_short:
        badge = badge_for(run)
        kept = [step for step in steps[:reached] if step.at is not None]
        return (*kept, Step(title=badge.label, state="failed", at=times.finished_at))
    return tuple(steps)
