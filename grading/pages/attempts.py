"""One student's attempts at an assignment, as that student may see them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db.models import prefetch_related_objects

from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.mark_points import MarkPoints, mark_points
from grading.models import GradingRun
from grading.pages.badges import Badge, badge_for
from grading.services import counting_run_to_show, lateness, show_run
from grading.states import State
from grading.visible_results import ShownResults
from submissions.models import Submission

_REASONS = {
    Counting.LATEST: "your latest finished attempt",
    Counting.BEST: "your best attempt so far",
}


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt with its latest run. `counts` says why it counts, or is empty.

    `points` are those in `results`, less what the lateness of the attempt costs of
    them.
    """

    submission: Submission
    run: GradingRun | None
    badge: Badge | None
    results: ShownResults | None
    counts: str
    points: MarkPoints | None = None


def own_attempts(
    *, user: User, assignment: Assignment, closes_at: dt.datetime, now: dt.datetime
) -> tuple[Attempt, ...]:
    """Return the person's attempts, the latest first, in a fixed number of queries.

    `closes_at` is the last moment at which the person's work is taken.
    """
    submissions = list(
        Submission.objects.visible_to(user)
        .by(user)
        .filter(assignment=assignment)
        .with_extension()
        .newest_first()
    )
    if not submissions:
        return ()
    for submission in submissions:
        submission.assignment = assignment
    runs = _latest_runs(submissions)
    shown = {
        run.work_id: show_run(run, closes_at=closes_at, now=now)
        for run in runs.values()
        if run.state == State.FINISHED
    }
    points = _points(submissions, shown)
    counting = counting_run_to_show(assignment, user, closes_at=closes_at, now=now)
    counting_id = counting.submission_id if counting else None
    reason = _REASONS[Counting(assignment.counting)]
    return tuple(
        Attempt(
            submission=submission,
            run=runs.get(submission.pk),
            badge=badge_for(runs[submission.pk]) if submission.pk in runs else None,
            results=shown.get(submission.pk),
            counts=reason if submission.pk == counting_id else "",
            points=points.get(submission.pk),
        )
        for submission in submissions
    )


def _points(
    submissions: Iterable[Submission], shown: Mapping[UUID, ShownResults]
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
            each.extended_to,  # type: ignore[attr-defined]  # annotated
            shown[each.pk].points,
        )
        for each in submissions
        if each.pk in shown
    }
    terms = lateness.late_terms(attempts)
    return {
        key: mark_points(automatic=shown[key].earned, late=terms.get(key))
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
