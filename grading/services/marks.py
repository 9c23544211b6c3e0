"""Marks: which run counts, and a record of every change of a student's mark."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor, actor_user
from accounts.models import User
from courses.models import Assignment
from formats.choices import Counting
from grading.models import GradingRun, Mark, MarkChange
from grading.states import State


def counting_run(assignment: Assignment, student: User) -> GradingRun | None:
    """Return the run of the attempt that counts, or None while no run has finished.

    The latest finished run of an attempt stands for that attempt. The latest attempt
    counts, or the best one, as the assignment says; of two equally good ones, the
    later.
    """
    return GradingRun.objects.counting_for(
        assignment_id=assignment.pk, student_id=student.pk
    )


def load_counting_runs(marks: Iterable[Mark], *related: str) -> list[Mark]:
    """Return the marks, each with the run that counts, by one query for all of them.

    The runs come with their submissions and revisions. `related` names further
    relations to prefetch, with one query for each.
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
        mark.set_counting_run(by_owner.get((mark.assignment_id, mark.student_id)))
    return found


def automatic_points(run: GradingRun) -> Decimal:
    """Return the points that the run earned, or 0 if it has no result."""
    return run.automatic_points or Decimal(0)


def latest_finished_runs(assignment: Assignment, student_id: int) -> list[GradingRun]:
    """Return each attempt's latest finished run, the latest attempt first."""
    latest_finished: dict[object, GradingRun] = {}
    for run in _finished(assignment, student_id):
        latest_finished.setdefault(run.submission_id, run)
    return list(latest_finished.values())


def latest_finished_runs_by_student(
    assignment: Assignment,
) -> dict[int, list[GradingRun]]:
    """Return the latest finished runs of all authors by the author's id, in one query."""
    runs = (
        GradingRun.objects.that_may_count()
        .of_assignment(assignment)
        .filter(state=State.FINISHED)
        .select_related("submission__author", "revision")
        .defer("progress", "measures", "detail")
        .order_by("-submission__attempt", "-number")
    )
    latest_finished: dict[int, dict[object, GradingRun]] = {}
    for run in runs:
        of_author = latest_finished.setdefault(run.work.author_id, {})
        of_author.setdefault(run.submission_id, run)
    return {author: list(found.values()) for author, found in latest_finished.items()}


def choose_counting(
    counting: str,
    latest_finished: Sequence[GradingRun],
    points: Callable[[GradingRun], Decimal],
) -> GradingRun | None:
    """Return the latest finished run that counts, or None if there is none.

    `counting` is the assignment's rule, `latest_finished` has the latest attempt first, and
    `points` returns the points of a run.
    """
    if counting == Counting.LATEST:
        return latest_finished[0] if latest_finished else None
    return max(latest_finished, key=points, default=None)


def _finished(assignment: Assignment, student_id: int) -> QuerySet[GradingRun]:
    return (
        GradingRun.objects.that_may_count()
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
    """Record a change of the student's final points, and return the mark.

    The points themselves are computed from the run that counts. Every change of them
    adds a MarkChange with both values, also after release. Return None, and store no
    row, while the student has neither a finished run nor a mark.
    """
    marks = Mark.objects.filter(assignment=assignment, student=student)
    if not marks.exists():
        if counting_run(assignment, student) is None:
            return None
        Mark.objects.get_or_create(assignment=assignment, student=student)
    # The row is locked before the run that counts is read: if two runs finish at the
    # same time, the second caller sees both.
    mark = marks.select_for_update().get()
    mark.updated_at = Now()
    mark.save(update_fields=["updated_at"])
    _record(actor, mark, _last_recorded([mark]).get(mark.pk), reason)
    mark.refresh_from_db(fields=["updated_at"])
    return mark


@transaction.atomic
def record_changed_marks(*, actor: Actor, assignment: Assignment, reason: str) -> None:
    """Record every mark that a changed setting of the assignment changes.

    The number of queries grows only with the number of marks that change.
    """
    marks = Mark.objects.filter(assignment=assignment).select_for_update()
    found = load_counting_runs(marks.order_by("pk"))
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
    """Record the marks that a changed setting changes: see grading.apps."""
    record_changed_marks(actor=actor, assignment=assignment, reason=reason)


def _last_recorded(marks: Sequence[Mark]) -> dict[int, Decimal]:
    """Return each mark's points after its latest recorded change, by the mark's id.

    One query for all of them.
    """
    changes = MarkChange.objects.filter(mark__in=marks).order_by("at", "pk")
    return dict(changes.values_list("mark", "after"))


def _record(actor: Actor, mark: Mark, before: Decimal | None, reason: str) -> None:
    """Add a MarkChange if the final points differ from the last recorded ones."""
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
