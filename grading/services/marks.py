"""Marks: which run counts, and a record of every change of a student's mark."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.actors import Actor
from accounts.models import User
from courses.models import Assignment, AssignmentRevision, Course
from grading.models import NO_WORK, GradingRun, Mark, MarkChange
from grading.services.counting import counting_works
from grading.services.lateness import Owner
from grading.services.mark_changes import ChangedMark, record_mark_changes


def counting_run(assignment: Assignment, student: User) -> GradingRun | None:
    """Return the run of the attempt that counts, or None while no run has finished.

    The latest finished run of an attempt stands for that attempt. The latest attempt
    counts, or the best one after its late penalty, as the assignment says; of two
    equally good ones, the later.
    """
    owner = (assignment.pk, student.pk)
    work = counting_works([owner]).get(owner)
    return work.run if work else None


def load_counting_runs(marks: Iterable[Mark], *related: str) -> list[Mark]:
    """Return the marks, each with the run that counts and by how much that is late.

    The runs come with their submissions and revisions. `related` names further
    relations to prefetch. The number of queries does not grow with the marks: see
    `counting_works`.
    """
    found = list(marks)
    works = counting_works(
        [(mark.assignment_id, mark.student_id) for mark in found], *related
    )
    for mark in found:
        mark.set_counting(works.get((mark.assignment_id, mark.student_id), NO_WORK))
    return found


def automatic_points(run: GradingRun) -> Decimal:
    """Return the points that the run earned, or 0 if it has no result."""
    return run.automatic_points or Decimal(0)


def attempt_runs(assignment: Assignment, student_id: int) -> list[GradingRun]:
    """Return the run that stands for each attempt, the latest attempt first."""
    found: dict[object, GradingRun] = {}
    runs = GradingRun.objects.that_stand_for_attempts().filter(
        submission__assignment=assignment, submission__author=student_id
    )
    for run in runs.with_lateness():
        found.setdefault(run.submission_id, run)
    return list(found.values())


def attempt_runs_by_student(assignment: Assignment) -> dict[int, list[GradingRun]]:
    """Return what `attempt_runs` does for all authors by their ids, in one query."""
    found = attempt_runs_by_owner([assignment])
    return {student: runs for (_, student), runs in found.items()}


def attempt_runs_by_owner(
    assignments: Iterable[Assignment],
) -> dict[Owner, list[GradingRun]]:
    """Return what `attempt_runs` does by assignment and author, in one query."""
    revisions = AssignmentRevision.objects.filter(assignment__in=list(assignments))
    runs = (
        GradingRun.objects.that_stand_for_attempts()
        .filter(revision__in=revisions.order_by().values("pk"))
        .with_lateness()
        .select_related("submission__author", "revision")
        .defer("progress", "measures", "detail")
    )
    found: dict[Owner, dict[object, GradingRun]] = {}
    for run in runs:
        owner = (run.work.assignment_id, run.work.author_id)
        found.setdefault(owner, {}).setdefault(run.submission_id, run)
    return {owner: list(of_owner.values()) for owner, of_owner in found.items()}


@transaction.atomic
def recompute_mark(
    *, actor: Actor, assignment: Assignment, student: User, reason: str
) -> Mark | None:
    """Record a change of the student's final points, and return the mark.

    The points themselves are computed from the work that counts. Every change of them
    adds a MarkChange with both values, also after release. Return None, and store no
    row, while the student has neither work that counts nor a mark.

    Where the course has late days, this attempt may have used some. The student's other
    marks in the course are then recorded too, if they change.
    """
    marks = Mark.objects.filter(assignment=assignment, student=student)
    if not marks.exists():
        owner = (assignment.pk, student.pk)
        work = counting_works([owner]).get(owner)
        if work is None or not work.is_marked:
            return None
        Mark.objects.get_or_create(assignment=assignment, student=student)
    # The row is locked before the run that counts is read: if two runs finish at the
    # same time, the second caller sees both. With late days, a run changes other marks
    # of the student too: all are locked in one order, so that no two wait for each other.
    others = Mark.objects.none()
    if assignment.course.late_days:
        others = Mark.objects.filter(
            assignment__course=assignment.course_id, student=student
        )
        list(others.select_for_update(of=("self",)).order_by("pk"))
    mark = marks.select_for_update().get()
    mark.updated_at = Now()
    mark.save(update_fields=["updated_at"])
    _record(actor, mark, last_recorded([mark]).get(mark.pk), reason)
    mark.refresh_from_db(fields=["updated_at"])
    _record_changed(actor, others.exclude(pk=mark.pk), reason)
    return mark


@transaction.atomic
def recompute_marks(
    *, actor: Actor, assignment: Assignment, students: Sequence[User], reason: str
) -> None:
    """Do what `recompute_mark` does for several students.

    Their marks are locked first, by their ids as everywhere, so that no two callers wait
    for each other.
    """
    marks = _marks_that_follow(assignment).filter(student__in=students)
    list(marks.select_for_update(of=("self",)).order_by("pk").only("pk"))
    for student in students:
        recompute_mark(
            actor=actor, assignment=assignment, student=student, reason=reason
        )


@transaction.atomic
def record_changed_marks(*, actor: Actor, assignment: Assignment, reason: str) -> None:
    """Record every mark that a changed setting of the assignment changes.

    Where the course has late days, these may be marks of all its assignments. The
    number of queries grows only with the number of marks that change.
    """
    _record_changed(actor, _marks_that_follow(assignment), reason)


def _marks_that_follow(assignment: Assignment) -> QuerySet[Mark]:
    """Return the marks that work for the assignment changes: with late days, others too."""
    if assignment.course.late_days:
        return Mark.objects.filter(assignment__course=assignment.course_id)
    return Mark.objects.filter(assignment=assignment)


@transaction.atomic
def record_changed_marks_of_course(
    *, actor: Actor, course: Course, reason: str
) -> None:
    """Record every mark that a changed setting of the course changes."""
    marks = Mark.objects.filter(assignment__course=course)
    _record_changed(actor, marks, reason)


def follow_settings(actor: Actor, assignment: Assignment, reason: str) -> None:
    """Record the marks that a changed setting changes: see grading.apps."""
    record_changed_marks(actor=actor, assignment=assignment, reason=reason)


def follow_course(actor: Actor, course: Course, reason: str) -> None:
    """Record the marks that a course's changed rule changes: see grading.apps."""
    record_changed_marks_of_course(actor=actor, course=course, reason=reason)


def _record_changed(actor: Actor, marks: QuerySet[Mark], reason: str) -> None:
    """Record those of the marks whose points are not the last recorded ones."""
    locked = marks.select_for_update(of=("self",)).order_by("pk")
    found = load_counting_runs(locked)
    before = last_recorded(found)
    changed = [
        mark
        for mark in found
        if mark.pk in before and before[mark.pk] != mark.final_points
    ]
    for mark in changed:
        _record(actor, mark, before[mark.pk], reason)
    Mark.objects.filter(pk__in=[mark.pk for mark in changed]).update(updated_at=Now())


def last_recorded(marks: Sequence[Mark]) -> dict[int, Decimal | None]:
    """Return each mark's points after its latest recorded change, by the mark's id.

    None is for excused students, and where no mark is entered. One query for all of them.
    """
    changes = MarkChange.objects.filter(mark__in=marks).order_by("at", "pk")
    return dict(changes.values_list("mark", "after"))


def _record(actor: Actor, mark: Mark, before: Decimal | None, reason: str) -> None:
    """Add a MarkChange if the final points differ from the last recorded ones."""
    after = mark.final_points
    if before != after:
        record_mark_changes(
            actor, [ChangedMark(mark=mark, before=before, after=after, reason=reason)]
        )
