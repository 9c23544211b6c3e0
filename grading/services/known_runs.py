"""Which run counts as far as a student may know it before the release."""

from decimal import Decimal

from courses.models import Assignment
from grading.mark_points import points_after
from grading.models import GradingRun
from grading.services.counting import choose_counting
from grading.services.lateness import run_terms
from grading.services.marks import attempt_runs, automatic_points
from grading.states import State
from grading.visible_results import ViewTimes


def known_run(
    run: GradingRun | None,
    assignment: Assignment,
    student_id: int,
    moments: ViewTimes,
) -> GradingRun | None:
    """Return the run that counts as far as the student may know it.

    SECURITY: a run that ended without a result counts once a person has marked its
    attempt. Before the release, the one that counts otherwise is shown in its place.
    """
    if run is None or run.state == State.FINISHED:
        return run
    if moments.is_released or moments.sees_all:
        return run
    runs = finished_runs(assignment, student_id)
    terms = run_terms(runs)

    def points(each: GradingRun) -> Decimal:
        return points_after(automatic_points(each), terms.get(each.pk))

    return choose_counting(assignment.counting, runs, points)


def finished_runs(assignment: Assignment, student_id: int) -> list[GradingRun]:
    """Return the finished runs that stand for attempts, the latest attempt first."""
    runs = attempt_runs(assignment, student_id)
    return [run for run in runs if run.state == State.FINISHED]
