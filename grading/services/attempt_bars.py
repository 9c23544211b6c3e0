"""The points of attempts as bars, as far as their student may see them."""

from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun
from grading.points_bar import PointsBar, points_bar
from grading.services.hand_points import (
    NOTHING_BY_HAND,
    MarkedByHand,
    load_hand_points,
)
from grading.visible_results import ShownResults, ViewTimes


def attempt_bar(
    run: GradingRun,
    shown: ShownResults,
    *,
    moments: ViewTimes,
    marked: MarkedByHand,
    counts: bool,
) -> PointsBar:
    """Return the points of a run's attempt, of which `shown` may be seen.

    Once marks are released, the student knows the points of all checks of the attempt
    that counts, by the mark, also of checks that are never shown.

    SECURITY: what people gave is shown with the release, and so is whether they have.
    """
    shows_hand = moments.is_released or moments.sees_all
    return points_bar(
        shown,
        hand=marked.of_run(run) if shows_hand else None,
        automatic=run.automatic_points if counts and moments.is_released else None,
    )


def load_shown_hand_points(
    assignment: Assignment, student: User, moments: ViewTimes
) -> MarkedByHand:
    """Return what people gave for the student's attempts, if it may be shown now."""
    if not (moments.is_released or moments.sees_all):
        return NOTHING_BY_HAND
    return load_hand_points([assignment.pk], students=[student.pk])
