"""The run page: the run's status, its files, other runs, and its history for staff."""

import datetime as dt
from dataclasses import dataclass

from accounts.models import User
from courses.models import Assignment, Course
from courses.permissions import Right, rights_in
from formats.problems import Problem
from grading.models import GradingRun, RunEvent
from grading.pages.badges import Badge, badge_for
from grading.pages.run_links import RunLinks, run_links_of
from grading.pages.run_status import RunStatus, run_status
from grading.states import State
from submissions.models import Submission, SubmittedFile


@dataclass(frozen=True, kw_only=True)
class OtherRun:
    """A run of the same attempt."""

    run: GradingRun
    badge: Badge


@dataclass(frozen=True, kw_only=True)
class Event:
    """A step of the run's history, for staff."""

    at: dt.datetime
    words: str
    actor: str
    code: str


@dataclass(frozen=True, kw_only=True)
class RunPage:
    run: GradingRun
    submission: Submission
    assignment: Assignment
    course: Course
    status: RunStatus
    files: tuple[SubmittedFile, ...]
    warnings: tuple[Problem, ...]
    runs: tuple[OtherRun, ...]
    events: tuple[Event, ...]
    is_own: bool
    is_staff_view: bool
    links: RunLinks | None


def run_page(*, user: User, run: GradingRun, now: dt.datetime) -> RunPage:
    """Return the run as this person may see it now."""
    submission = run.work
    assignment = submission.assignment
    rights = rights_in(user, assignment.course)
    is_staff_view = Right.VIEW_ALL_WORK in rights
    return RunPage(
        run=run,
        submission=submission,
        assignment=assignment,
        course=assignment.course,
        status=run_status(
            run,
            now=now,
            is_own=submission.author_id == user.pk,
            is_staff_view=is_staff_view,
            may_grade=Right.GRADE in rights,
        ),
        files=tuple(submission.files.all()),
        warnings=tuple(Problem(**warning) for warning in submission.warnings),
        runs=_runs(submission, is_staff_view=is_staff_view),
        events=_events(run) if is_staff_view else (),
        is_own=submission.author_id == user.pk,
        is_staff_view=is_staff_view,
        links=run_links_of(run) if is_staff_view else None,
    )


def _runs(submission: Submission, *, is_staff_view: bool) -> tuple[OtherRun, ...]:
    runs = submission.runs.all() if is_staff_view else submission.runs.that_may_count()
    runs = runs.defer("progress", "measures", "detail", "record").order_by("number")
    return tuple(OtherRun(run=other, badge=badge_for(other)) for other in runs)


_STEPS_TAKEN = {
    ("", State.QUEUED): "Put in the queue",
    ("", State.FINISHED): "Copied from an earlier run",
    (State.QUEUED, State.RUNNING): "Taken by a worker",
    (State.RUNNING, State.QUEUED): "Put back in the queue",
    (State.RUNNING, State.RUNNING): "Somebody asked to stop it",
    (State.RUNNING, State.FINISHED): "Finished",
    (State.RUNNING, State.NEEDS_STAFF): "Left for staff",
}


def _events(run: GradingRun) -> tuple[Event, ...]:
    return tuple(
        Event(
            at=event.at,
            words=_words(event),
            actor=event.actor.name if event.actor else "",
            code=event.code,
        )
        for event in run.events.select_related("actor")
    )


def _words(event: RunEvent) -> str:
    taken = _STEPS_TAKEN.get((event.source, State(event.target)))
    return taken or State(event.target).label
