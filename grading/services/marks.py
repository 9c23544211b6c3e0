"""Marks: which run counts, and what the student's row says. Nothing silent."""

from collections.abc import Callable, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor, actor_user
from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun, Mark, MarkChange
from grading.states import State


def counting_run(assignment: Assignment, student: User) -> GradingRun | None:
    """Return the run of the attempt that counts, or None while nothing is finished.

    Of each attempt, its latest finished run stands for it. Of these the latest
    attempt counts, or the best; of two equally good ones, the later.
    """
    if assignment.counting == Assignment.Counting.LATEST:
        return _finished(assignment, student.pk).first()
    return counting_of(
        assignment.counting, standing_runs(assignment, student.pk), automatic_points
    )


def automatic_points(run: GradingRun) -> Decimal:
    """Return what the run earned; nothing where it found nothing."""
    return run.automatic_points or Decimal(0)


def standing_runs(assignment: Assignment, student_id: int) -> list[GradingRun]:
    """Return each attempt's latest finished run, the latest attempt first."""
    standing: dict[object, GradingRun] = {}
    for run in _finished(assignment, student_id):
        standing.setdefault(run.submission_id, run)
    return list(standing.values())


def everybodys_standing_runs(
    assignment: Assignment,
) -> dict[int, list[GradingRun]]:
    """Return the standing runs of all authors by their ids, in one query."""
    runs = (
        GradingRun.objects.adopted()
        .filter(submission__assignment=assignment, state=State.FINISHED)
        .select_related("submission__author", "revision")
        .defer("progress", "measures", "detail")
        .order_by("-submission__attempt", "-number")
    )
    standing: dict[int, dict[object, GradingRun]] = {}
    for run in runs:
        of_author = standing.setdefault(run.work.author_id, {})
        of_author.setdefault(run.submission_id, run)
    return {author: list(found.values()) for author, found in standing.items()}


def counting_of(
    counting: str,
    standing: Sequence[GradingRun],
    points: Callable[[GradingRun], Decimal],
) -> GradingRun | None:
    """Return which of the standing runs, the latest first, counts by these points."""
    if counting == Assignment.Counting.LATEST:
        return standing[0] if standing else None
    return max(standing, key=points, default=None)


def _finished(assignment: Assignment, student_id: int) -> QuerySet[GradingRun]:
    return (
        GradingRun.objects.adopted()
        .filter(
            submission__assignment=assignment,
            submission__author=student_id,
            state=State.FINISHED,
        )
        .order_by("-submission__attempt", "-number")
    )


def final_points(mark: Mark) -> Decimal:
    """Return what the parts of the mark come to; never less than nothing."""
    points = (
        mark.automatic_points + mark.manual_points + mark.adjustment - mark.late_penalty
    )
    return max(points, Decimal(0))


@transaction.atomic
def recompute_mark(
    *, actor: Actor, assignment: Assignment, student: User, reason: str
) -> Mark | None:
    """Bring the student's mark in line with the run that counts, and return it.

    Every change of the final points leaves a MarkChange with both values, also after
    release. None, and no row, while the student has neither a finished run nor a mark.
    """
    marks = Mark.objects.filter(assignment=assignment, student=student)
    if not marks.exists():
        if counting_run(assignment, student) is None:
            return None
        Mark.objects.get_or_create(
            assignment=assignment,
            student=student,
            defaults={"final_points": Decimal(0)},
        )
    # Locked before it is read what counts: of two runs that finish at once, the
    # second to come here sees both.
    mark = marks.select_for_update().get()
    is_first = not mark.changes.exists()
    before = None if is_first else mark.final_points
    run = counting_run(assignment, student)
    mark.run = run
    mark.automatic_points = (run.automatic_points if run else None) or Decimal(0)
    mark.final_points = final_points(mark)
    mark.updated_at = Now()
    mark.save(update_fields=["run", "automatic_points", "final_points", "updated_at"])
    if before != mark.final_points:
        MarkChange.objects.create(
            mark=mark,
            at=Now(),
            actor=actor_user(actor),
            run=run,
            before=before,
            after=mark.final_points,
            reason=reason,
        )
    mark.refresh_from_db(fields=["updated_at"])
    return mark
