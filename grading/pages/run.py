"""The run page: the run's status, its files, other runs, and its history for staff."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from django.urls import reverse

from accounts.models import User
from courses.models import Assignment, Course
from courses.permissions import Right, rights_at
from formats.problems import Problem
from grading.messages import NOTHING_RUN
from grading.models import GradingRun, RunEvent
from grading.pages.attempt_history import AttemptHistory, attempt_history
from grading.pages.badges import Badge, badge_for
from grading.pages.run_links import RunLinks, run_links_of
from grading.pages.run_status import RunStatus, run_status
from grading.services.aliases import codes_of
from grading.services.feedback import shows_feedback
from grading.services.view_times import own_times
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
    # None if there is one attempt alone.
    history: AttemptHistory | None
    links: RunLinks | None
    # Empty while the person may not see the feedback for this work.
    feedback_url: str = ""


def run_page(
    *,
    user: User,
    run: GradingRun,
    now: dt.datetime,
    order: Mapping[str, str] | None = None,
    is_whole: bool = True,
) -> RunPage:
    """Return the run as this person may see it now.

    `order` is that of the staff table from which a member of staff came. While the run
    is live, the other attempts are left out unless `is_whole`: the part that updates
    itself has them not.
    """
    submission = run.work
    assignment = submission.assignment
    rights = rights_at(user, assignment)
    is_staff_view = Right.VIEW_ALL_WORK in rights
    # `is_late` of the submission reads it, wherever the page asks.
    times = own_times(assignment, submission.author_id)
    submission.extra_time = times.extra_time  # type: ignore[attr-defined]  # annotated
    as_author = times.view(assignment, submission.author_id, now=now)
    moments = replace(as_author, sees_all=is_staff_view)
    status = run_status(
        run,
        moments=moments,
        is_own=submission.author_id == user.pk,
        is_staff_view=is_staff_view,
        may_grade=Right.GRADE in rights,
    )
    return RunPage(
        run=run,
        submission=submission,
        assignment=assignment,
        course=assignment.course,
        status=status,
        files=tuple(submission.files.all()),
        warnings=tuple(Problem(**warning) for warning in submission.warnings),
        runs=_runs(submission, is_staff_view=is_staff_view),
        events=_events(run) if is_staff_view else (),
        is_own=submission.author_id == user.pk,
        is_staff_view=is_staff_view,
        history=(
            None
            if status.is_live and not is_whole
            else attempt_history(
                run,
                results=status.results,
                moments=moments,
            )
        ),
        links=run_links_of(run, order) if is_staff_view else None,
        feedback_url=(
            _feedback_url(user, submission)
            if is_whole
            and shows_feedback(
                rights,
                is_own=submission.author_id == user.pk,
                moments=as_author,
            )
            else ""
        ),
    )


def _feedback_url(user: User, submission: Submission) -> str:
    """Return where the feedback for the student's work is.

    Its page for staff has the student's code in its address.
    """
    assignment, author = submission.assignment, submission.author
    of = [assignment.course.slug, assignment.slug]
    if author.pk == user.pk:
        return reverse("grading:feedback", args=of)
    code = codes_of(assignment, [author.pk])[author.pk]
    return reverse("grading:feedback-of", args=[*of, code])


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
    if event.code == NOTHING_RUN:
        return "Stored for marking"
    taken = _STEPS_TAKEN.get((event.source, State(event.target)))
    return taken or State(event.target).label
