"""All that the live part of a run page shows: state, verdict, results and measures."""

import datetime as dt
import hashlib
import math
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from courses.deadlines import deadline_for
from grading.messages import Message, Tone, describe
from grading.models import GradingRun, Mark
from grading.pages.badges import Badge, badge_for
from grading.pages.results import ResultsView, results_view
from grading.services import (
    RunTimes,
    Trace,
    counting_run,
    counting_run_to_show,
    is_of_hand_in,
    place_in_queue,
    shown_times,
    staff_results,
    staff_traces,
    student_results,
)
from grading.states import ACTIVE, State
from grading.visible_results import ShownResults
from grading.worker.input_record import InputRecord
from grading.worker.progress import Progress

# Behind this place in the queue, nothing changes within seconds.
_NEAR = 5
_FAR_SECONDS = 5
# A run that waits long is asked for so many times within its expected wait.
_POLLS_OF_WAIT = 20
_MEGABYTE = 1024**2
_MINUTE = 60
# The tones of templates/components/alert.html.
_TONES = {
    Tone.OK: "success",
    Tone.WARN: "warning",
    Tone.BAD: "danger",
    Tone.PORTAL_FAULT: "danger",
}

LEVELS = {
    "L0": "No jail. The notebook ran in its own process, with limits on time, memory "
    "and files. It was not isolated from the machine or the network.",
    "L1": "Jailed. The notebook had its own file system, processes and users. It had "
    "no network, and only the system calls that notebooks need.",
    "L2": "Jailed. The notebook had its own file system, processes and users. It had "
    "no network, only the system calls that notebooks need, and one limit on "
    "the memory of all its processes.",
    "L3": "Jailed, in a Python that was started only for this notebook. The notebook "
    "had its own file system, processes and users. It had no network, only the "
    "system calls that notebooks need, and one limit on the memory of all its "
    "processes.",
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
class CheckingMeasures:
    """What checking the questions used, after the notebook had ended."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What the notebook used and where it ran."""

    seconds: float
    cpu_seconds: float
    peak_memory_bytes: int
    memory_limit_bytes: int
    limit_seconds: int
    cells_run: int
    cells_total: int
    seed: int
    threads: int
    hardware: str
    versions: tuple[tuple[str, str], ...]
    level: str
    level_words: str
    # SECURITY: None unless this is a staff view. Code under test chooses how much time
    # and memory it takes, and some checks are never shown.
    checking: CheckingMeasures | None


@dataclass(frozen=True, kw_only=True)
class Poll:
    """After how many seconds a page asks again: at first, and once nothing was new."""

    least: int
    most: int


_RUNNING_POLL = Poll(least=1, most=4)
_NEAR_POLL = Poll(least=2, most=8)
_FAR_MOST = 30


@dataclass(frozen=True, kw_only=True)
class RunStatus:
    """All that the live part shows. Its `repr` decides whether anything has changed.

    SECURITY: the hash of the `repr` is sent to the person, so it must contain nothing
    that they may not see: a time can be found from its hash.
    """

    run_id: UUID
    state: str
    attempt: int
    badge: Badge
    message: Message
    tone: str
    steps: tuple[Step, ...]
    waiting: Waiting | None
    running: Running | None
    results: ResultsView | None
    measures: Measures | None
    record: InputRecord | None
    # SECURITY: traces contain the tests' own lines; empty unless this is a staff view.
    traces: tuple[Trace, ...]
    has_notebook: bool
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
    now: dt.datetime,
    is_own: bool,
    is_staff_view: bool,
    may_grade: bool,
) -> RunStatus:
    shown = _shown(run, now=now, is_staff_view=is_staff_view)
    waiting = _waiting(run)
    message = describe(run, is_own=is_own)
    record = InputRecord.from_json(run.record) if run.record else None
    times = shown_times(run, sees_all=is_staff_view)
    return RunStatus(
        run_id=run.pk,
        state=run.state,
        attempt=run.work.attempt,
        badge=badge_for(run),
        message=message,
        tone=_TONES[message.tone] if run.is_terminal else "accent",
        steps=_steps(run, times),
        waiting=waiting,
        running=_running(run, now) if run.state == State.RUNNING else None,
        results=results_view(shown) if shown else None,
        measures=_measures(run, sees_checking=is_staff_view) if run.measures else None,
        record=record if record is None or is_staff_view else record.for_students,
        traces=staff_traces(run) if is_staff_view and run.is_terminal else (),
        has_notebook=bool(run.executed_sha256),
        counts=_counts(run, now=now, is_staff_view=is_staff_view),
        can_cancel=(
            run.state in ACTIVE
            and run.cancel_requested_at is None
            and (is_staff_view or is_of_hand_in(run))
        ),
        can_run_again=may_grade and run.is_terminal,
        is_own=is_own,
        poll=_poll(run, waiting),
    )


def _shown(
    run: GradingRun, *, now: dt.datetime, is_staff_view: bool
) -> ShownResults | None:
    if run.state not in (State.RUNNING, State.FINISHED):
        return None
    return staff_results(run, now) if is_staff_view else student_results(run, now)


def _counts(run: GradingRun, *, now: dt.datetime, is_staff_view: bool) -> bool:
    """Return whether to say that this run counts, where that tells nothing hidden."""
    assignment, author = run.work.assignment, run.work.author
    marks = Mark.objects.filter(assignment=assignment, student=author)
    if run.state != State.FINISHED or not marks.exists():
        return False
    if is_staff_view:
        return counting_run(assignment, author) == run
    own = deadline_for(assignment, author)
    named = counting_run_to_show(assignment, author, closes_at=own.closes_at, now=now)
    return named == run


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
    if run.is_terminal:
        return None
    if waiting is None:
        return _RUNNING_POLL
    if waiting.position <= _NEAR:
        return _NEAR_POLL
    least = max(_FAR_SECONDS, (waiting.wait_seconds or 0) // _POLLS_OF_WAIT)
    return Poll(least=min(least, _FAR_MOST), most=_FAR_MOST)


_REACHED = {State.QUEUED: 1, State.RUNNING: 2, State.FINISHED: 4}


def _steps(run: GradingRun, times: RunTimes) -> tuple[Step, ...]:
    """Return the steps of a run: received, queued, running, marked.

    A run that ended without a result has its end as the last step.
    """
    titles = (
        ("Received", run.work.received_at),
        ("In the queue", times.queued_at),
        ("Running", times.started_at),
        ("Marked", times.finished_at),
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


def _measures(run: GradingRun, *, sees_checking: bool) -> Measures:
    found: dict[str, Any] = run.measures
    versions = found.get("versions") or {}
    level = run.level or str(found.get("level", ""))
    return Measures(
        seconds=float(found.get("seconds") or 0),
        cpu_seconds=float(found.get("cpu_seconds") or 0),
        peak_memory_bytes=int(found.get("peak_memory_bytes") or 0),
        memory_limit_bytes=run.revision.memory_mb * _MEGABYTE,
        limit_seconds=run.revision.run_seconds,
        cells_run=int(found.get("cells_run") or 0),
        cells_total=int(found.get("cells_total") or 0),
        seed=int(found.get("seed") or 0),
        threads=int(found.get("threads") or 0),
        hardware=str(found.get("hardware") or ""),
        versions=tuple(sorted((str(k), str(v)) for k, v in versions.items())),
        level=level,
        level_words=LEVELS.get(level, ""),
        checking=_checking(found) if sees_checking else None,
    )


def _checking(found: dict[str, Any]) -> CheckingMeasures | None:
    """Return what checking used, or None for a run whose checks were not measured."""
    if not found.get("checking_seconds"):
        return None
    return CheckingMeasures(
        seconds=float(found["checking_seconds"]),
        cpu_seconds=float(found.get("checking_cpu_seconds") or 0),
        peak_memory_bytes=int(found.get("checking_peak_memory_bytes") or 0),
    )
