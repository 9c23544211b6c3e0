"""What a student may see of results and marks. The one door for pages and API."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from accounts.models import User
from courses.deadlines import deadline_for
from courses.models import Assignment
from grading.models import GradingRun, Mark
from grading.progress import Progress
from grading.results import (
    CheckResult,
    HiddenPoints,
    Moments,
    Outcome,
    ScoredQuestion,
    ShownResults,
    rules_of,
    score_questions,
    show_results,
)
from grading.states import State


@dataclass(frozen=True, kw_only=True)
class ShownMark:
    """The student's own mark as far as it may be shown: `earned` out of `shown_points`.

    While `is_provisional`, points of hidden checks are in neither number; after
    release `earned` is the final mark, out of `points`.
    """

    run: GradingRun | None
    earned: Decimal
    shown_points: Decimal
    points: Decimal
    is_provisional: bool
    hidden: tuple[HiddenPoints, ...] = ()


def student_results(run: GradingRun, now: dt.datetime) -> ShownResults:
    """Return what the run's author may see of its results at this moment.

    Of a running run, the questions so far; the others wait.
    """
    assignment = run.submission.assignment
    moments = Moments(
        now=now,
        due_at=deadline_for(assignment, run.submission.author).due_at,
        released_at=assignment.marks_released_at,
    )
    return _results(run, moments)


def staff_results(run: GradingRun, now: dt.datetime) -> ShownResults:
    """Return all that the run found: for those who may see everybody's work."""
    assignment = run.submission.assignment
    return _results(
        run,
        Moments(
            now=now,
            due_at=assignment.due_at,
            released_at=assignment.marks_released_at,
            sees_all=True,
        ),
    )


def student_mark(
    assignment: Assignment, student: User, now: dt.datetime
) -> ShownMark | None:
    """Return what the student may see of their own mark, or None without one."""
    mark = (
        Mark.objects.filter(assignment=assignment, student=student)
        .select_related("run__submission__assignment", "run__submission__author")
        .first()
    )
    if mark is None:
        return None
    released_at = assignment.marks_released_at
    is_released = released_at is not None and released_at <= now
    shown = student_results(mark.run, now) if mark.run else None
    by_hand = mark.manual_points + mark.adjustment - mark.late_penalty
    points = shown.points if shown else Decimal(0)
    if is_released or shown is None:
        return ShownMark(
            run=mark.run,
            earned=mark.final_points,
            shown_points=points,
            points=points,
            is_provisional=not is_released,
        )
    return ShownMark(
        run=mark.run,
        earned=max(shown.earned + by_hand, Decimal(0)),
        shown_points=shown.shown_points,
        points=points,
        is_provisional=True,
        hidden=shown.hidden,
    )


def _results(run: GradingRun, moments: Moments) -> ShownResults:
    rules = [rules_of(question) for question in run.revision.questions.all()]
    if run.state == State.FINISHED:
        return show_results(rules, _recorded(run), moments)
    progress = Progress.from_json(run.progress if run.state == State.RUNNING else {})
    come_to = {found.key for found in progress.questions}
    so_far = [rule for rule in rules if rule.key in come_to]
    return show_results(rules, score_questions(so_far, progress.questions), moments)


def _recorded(run: GradingRun) -> list[ScoredQuestion]:
    return [
        ScoredQuestion(
            key=result.question.key,
            outcome=Outcome(result.outcome),
            points=result.points,
            checks=tuple(CheckResult.from_json(check) for check in result.checks),
            seconds=result.seconds,
        )
        for result in run.results.select_related("question")
    ]
