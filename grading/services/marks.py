"""Marks: which run counts, and what the student's row says. Nothing silent."""

from collections.abc import Callable, Iterable, Sequence
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
    return GradingRun.objects.counting_for(
        assignment_id=assignment.pk, student_id=student.pk
    )


def attach_runs(marks: Iterable[Mark], *related: str) -> list[Mark]:
    """Return the marks, each with the run that counts. One query for all of them.

    The runs have their submissions and revisions, and what else `related` names: one
    query for each.
    """
    found = list(marks)
    counting = GradingRun.objects.counting().filter(
        submission__assignment__in={mark.assignment_id for mark in found},
        submission__author__in={mark.student_id for mark in found},
    )
    runs = (
        GradingRun.objects.filter(pk__in=counting.values("pk"))
        .select_related("submission", "revision")
        .prefetch_related(*related)
    )
    by_owner = {(run.work.assignment_id, run.work.author_id): run for run in runs}
    for mark in found:
        mark.attach_run(by_owner.get((mark.assignment_id, mark.student_id)))
    return found


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


@transaction.atomic
def recompute_mark(
    *, actor: Actor, assignment: Assignment, student: User, reason: str
) -> Mark | None:
    """Put what has become of the student's mark on record, and return the mark.

    The mark itself follows from the run that counts. Every change of the final points
    leaves a MarkChange with both values, also after release. None, and no row, while
    the student has neither a finished run nor a mark.
    """
    marks = Mark.objects.filter(assignment=assignment, student=student)
    if not marks.exists():
        if counting_run(assignment, student) is None:
            return None
        Mark.objects.get_or_create(assignment=assignment, student=student)
    # Locked before it is read what counts: of two runs that finish at once, the
    # second to come here sees both.
    mark = marks.select_for_update().get()
    mark.updated_at = Now()
    mark.save(update_fields=["updated_at"])
    _record(actor, mark, _last_recorded([mark]).get(mark.pk), reason)
    mark.refresh_from_db(fields=["updated_at"])
    return mark


@transaction.atomic
def record_changed_marks(*, actor: Actor, assignment: Assignment, reason: str) -> None:
    """Put every mark that a changed setting of the assignment changes on record.

    The number of queries grows only with the marks that change.
    """
    marks = Mark.objects.filter(assignment=assignment).select_for_update()
    found = attach_runs(marks.order_by("pk"))
    before = _last_recorded(found)
    changed = [
        mark
        for mark in found
        if mark.pk in before and before[mark.pk] != mark.final_points
    ]
    for mark in changed:
        _record(actor, mark, before[mark.pk], reason)
    Mark.objects.filter(pk__in=[mark.pk for mark in changed]).update(updated_at=Now())


def follow_settings(actor: Actor, assignment: Assignment, reason: str) -> None:
    """Put what a changed setting made of the marks on record: see grading.apps."""
    record_changed_marks(actor=actor, assignment=assignment, reason=reason)


def _last_recorded(marks: Sequence[Mark]) -> dict[int, Decimal]:
    """Return what each mark came to when it last changed, by its id. One query."""
    changes = MarkChange.objects.filter(mark__in=marks).order_by("at", "pk")
    return dict(changes.values_list("mark", "after"))


def _record(actor: Actor, mark: Mark, before: Decimal | None, reason: str) -> None:
    """Leave a MarkChange if the final points are others than the last recorded ones."""
    run = mark.run
    after = mark.with_automatic(automatic_points(run) if run else Decimal(0))
    if before != after:
        MarkChange.objects.create(
            mark=mark,
            at=Now(),
            actor=actor_user(actor),
            run=run,
            before=before,
            after=after,
            reason=reason,
        )
