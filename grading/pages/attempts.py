"""One student's attempts at an assignment, as that student may see them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import prefetch_related_objects

from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.mark_points import MarkPoints, mark_points
from grading.models import GradingRun
from grading.pages.badges import Badge, badge_for
from grading.points_bar import PointsBar
from grading.services import (
    attempt_bar,
    counting_run_to_show,
    lateness,
    load_shown_hand_points,
    show_runs_at,
)
from grading.states import State
from grading.visible_results import ShownResults, ViewTimes
from submissions.models import ChosenAttempt, Submission

_REASONS = {
    Counting.LATEST: "your latest finished attempt",
    Counting.BEST: "your best attempt so far",
    Counting.CHOICE: "your latest finished attempt",
}
_CHOSEN: Final = "your choice"
# Where nothing is run, every attempt is finished.
_LATEST: Final = "your latest attempt"


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt with its latest run. `counts` says why it counts, or is empty.

    `bar` divides the points that may be shown. `points` are those that are earned, less
    what the lateness of the attempt costs of them. `is_chosen` says whether the student
    has chosen it, where they may.
    """

    submission: Submission
    run: GradingRun | None
    badge: Badge | None
    results: ShownResults | None
    counts: str
    points: MarkPoints | None = None
    bar: PointsBar | None = None
    is_chosen: bool = False


def own_attempts(
    *, user: User, assignment: Assignment, moments: ViewTimes
) -> tuple[Attempt, ...]:
    """Return the person's attempts, the latest first, in a fixed number of queries.

    `moments` are the person's own times as a student.
    """
    submissions = list(
        Submission.objects.visible_to(user)
        .by(user)
        .filter(assignment=assignment)
        .with_extra_time()
        .newest_first()
    )
    if not submissions:
        return ()
    for submission in submissions:
        submission.assignment = assignment
    runs = _latest_runs(submissions)
    finished = [run for run in runs.values() if run.state == State.FINISHED]
    results = show_runs_at(finished, moments)
    shown = {run.work_id: results[run.pk] for run in finished}
    counting = counting_run_to_show(assignment, user, moments)
    counting_id = counting.submission_id if counting else None
    marked = load_shown_hand_points(assignment, user, moments)
    bars = {
        run.work_id: attempt_bar(
            run,
            shown[run.work_id],
            moments=moments,
            marked=marked,
            counts=run.submission_id == counting_id,
        )
        for run in finished
    }
    points = _points(submissions, bars)
    chosen_id = _chosen_of(user, assignment)
    reason = _REASONS[Counting(assignment.counting)]
    if assignment.counting != Counting.BEST and not assignment.runs_notebooks:
        reason = _LATEST
    reason = _CHOSEN if chosen_id and counting_id == chosen_id else reason
    return tuple(
        Attempt(
            submission=submission,
            run=runs.get(submission.pk),
            badge=badge_for(runs[submission.pk]) if submission.pk in runs else None,
            results=shown.get(submission.pk),
            counts=reason if submission.pk == counting_id else "",
            points=points.get(submission.pk),
            bar=bars.get(submission.pk),
            is_chosen=submission.pk == chosen_id,
        )
        for submission in submissions
    )


def _chosen_of(user: User, assignment: Assignment) -> UUID | None:
    """Return the id of the submission that the person has chosen, if they may choose."""
    if assignment.counting != Counting.CHOICE:
        return None
    chosen = ChosenAttempt.objects.filter(assignment=assignment, student=user)
    return chosen.values_list("submission", flat=True).first()


def _points(
    submissions: Iterable[Submission], bars: Mapping[UUID, PointsBar]
) -> dict[UUID, MarkPoints]:
    """Return the points of each attempt after its penalty, by the id of the submission.

    SECURITY: of what may be shown of them. The penalty of all points would tell
    how many are hidden.
    """
    attempts = {
        each.pk: lateness.Attempt(
            each.assignment,
            each.author_id,
            each.received_at,
            each.extra_time,  # type: ignore[attr-defined]  # annotated
            bars[each.pk].total,
        )
        for each in submissions
        if each.pk in bars
    }
    terms = lateness.late_terms(attempts)
    return {
        key: mark_points(automatic=bars[key].earned, late=terms.get(key))
        for key in attempts
    }


def _latest_runs(submissions: Iterable[Submission]) -> dict[UUID, GradingRun]:
    """Return each submission's latest run, with all that is needed to show results."""
    by_id = {submission.pk: submission for submission in submissions}
    runs = {
        run.work_id: run
        for run in GradingRun.objects.that_may_count()
        .filter(submission__in=by_id)
        .defer("progress", "measures", "detail")
        .order_by("number")
    }
    for run in runs.values():
        run.submission = by_id[run.work_id]
    prefetch_related_objects(list(runs.values()), "results", "revision__questions")
    return runs
