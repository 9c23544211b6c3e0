"""Trials that have ended, for tests without a worker."""

from decimal import Decimal

from django.utils import timezone

from accounts.actors import SYSTEM
from courses.models import AssignmentRevision
from grading.models import GradingRun, Trial
from grading.services import start_trials


def solve(
    revision: AssignmentRevision, *, solution: str = "", handout: str = "0"
) -> None:
    """Finish both trials; the model solution earns all points unless told otherwise."""
    start_trials(actor=SYSTEM, revision=revision)
    questions = revision.questions.filter(kind="auto")
    whole = sum((question.points for question in questions), Decimal(0))
    earned = {
        Trial.SOLUTION: Decimal(solution or whole),
        Trial.HANDOUT: Decimal(handout),
    }
    for trial, points in earned.items():
        GradingRun.objects.filter(
            revision=revision, trial=trial, state="queued"
        ).update(
            state="finished",
            verdict="completed",
            code="completed",
            finished_at=timezone.now(),
            automatic_points=points,
        )
