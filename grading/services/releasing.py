"""Releasing the marks of an assignment: what it would show, to whom, and doing it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts.actors import Actor, actor_user
from courses.deadlines import deadline_of, deadlines_with_extra_time, is_open
from courses.models import Assignment, Enrolment
from courses.permissions import Right
from courses.services.access import require_right
from courses.services.edited_rows import save_assignment
from courses.wall_clock import moment_words
from formats.assignment.assignment_content import Visibility
from grading.models import GradingRun, Mark
from grading.scoring import rules_of
from grading.services.marks import load_counting_runs
from grading.states import ACTIVE, State
from grading.visible_results import HiddenPoints

log = structlog.get_logger(__name__)

# A sentence names at most this many students.
_NAMED = 5
_HIDDEN_UNTIL_THEN = (Visibility.AFTER_DEADLINE, Visibility.AFTER_RELEASE)


class ReleaseRefusedError(Exception):
    """The release has problems, and the actor did not confirm it in spite of them."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, kw_only=True)
class ReleasePlan:
    """What a release at a time would show, and its problems.

    `marks` are those of students who are in the course, with `student` and `run`;
    `excused` are those of students who are excused, and have no points.
    `hidden` are the points that students would see for the first time; `never_shown`
    are points that are counted and stay hidden.
    """

    at: dt.datetime
    students: int
    marks: tuple[Mark, ...]
    excused: tuple[Mark, ...]
    unfinished: int
    hidden: tuple[HiddenPoints, ...]
    never_shown: HiddenPoints | None
    problems: tuple[str, ...]

    @property
    def without_mark(self) -> int:
        """The number of students who have no mark and are not excused."""
        return self.students - len(self.marks) - len(self.excused)


def plan_release(assignment: Assignment, *, at: dt.datetime) -> ReleasePlan:
    """Return what releasing the marks at that time would show, in seven queries."""
    students = Enrolment.objects.students().filter(course=assignment.course_id)
    marks = (
        Mark.objects.filter(assignment=assignment, student__in=students.values("user"))
        .select_related("student")
        .order_by("student__last_name", "student__first_name", "student__email")
    )
    count = students.count()
    runs = GradingRun.objects.that_may_count().of_assignment(assignment)
    unfinished = (
        runs.filter(state__in=[*ACTIVE, State.NEEDS_STAFF])
        .exclude(submission__author__in=_excused(assignment))
        .values("submission__author")
        .distinct()
        .count()
    )
    hidden = _hidden_points(assignment)
    every = load_counting_runs(marks)
    found = [mark for mark in every if not (mark.is_excused or mark.is_empty)]
    shown = tuple(
        hidden[visibility] for visibility in _HIDDEN_UNTIL_THEN if visibility in hidden
    )
    return ReleasePlan(
        at=at,
        students=count,
        marks=tuple(found),
        excused=tuple(mark for mark in every if mark.is_excused),
        unfinished=unfinished,
        hidden=shown,
        never_shown=hidden.get(Visibility.NEVER),
        problems=(
            *(_still_open(assignment, count, at) if shown else ()),
            *_unfinished_words(unfinished),
            *_unmarked_words(_to_mark(found)),
        ),
    )


@transaction.atomic
def release_marks(
    *,
    actor: Actor,
    assignment: Assignment,
    at: dt.datetime,
    despite_problems: bool = False,
) -> None:
    """Release the marks at that time, and record the change.

    Raises ReleaseRefusedError if the release has problems and `despite_problems` is false, and
    PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.MANAGE_MARKS, assignment.course)
    plan = plan_release(assignment, at=at)
    if plan.problems and not despite_problems:
        raise ReleaseRefusedError(plan.problems)
    _store(actor, assignment, at)


def take_back_release(*, actor: Actor, assignment: Assignment) -> None:
    """Make the marks provisional again, and record the change.

    What students have already seen cannot be taken back. Raises PermissionDenied if the
    actor may not edit the course.
    """
    require_right(actor, Right.MANAGE_MARKS, assignment.course)
    _store(actor, assignment, None)


def _store(actor: Actor, assignment: Assignment, at: dt.datetime | None) -> None:
    row = Assignment.objects.select_related("course").get(pk=assignment.pk)
    row.marks_released_at = at
    save_assignment(actor=actor, assignment=row, right=Right.MANAGE_MARKS)
    user = actor_user(actor)
    log.info(
        "marks_released" if at else "release_taken_back",
        assignment=row.pk,
        at=at.isoformat() if at else "",
        person=user.pk if user else None,
    )


def _excused(assignment: Assignment) -> QuerySet[Mark, int]:
    rows = Mark.objects.excused().filter(assignment=assignment).order_by()
    return rows.values_list("student", flat=True)


def _hidden_points(assignment: Assignment) -> dict[Visibility, HiddenPoints]:
    """Return the points of the published revision's hidden checks by visibility."""
    if assignment.revision is None:
        return {}
    questions = map(rules_of, assignment.revision.questions.all())
    checks = [check for question in questions for check in question.checks]
    found: dict[Visibility, HiddenPoints] = {}
    for visibility in Visibility:
        of_it = [check for check in checks if check.visibility == visibility]
        if of_it and visibility != Visibility.ALWAYS:
            found[visibility] = HiddenPoints(
                visibility=visibility,
                points=sum(
                    (check.points for check in of_it), start=of_it[0].points * 0
                ),
                checks=len(of_it),
            )
    return found


def _still_open(
    assignment: Assignment, students: int, at: dt.datetime
) -> tuple[str, ...]:
    """Return a warning about students who could still hand in, and learn from others.

    Others would see what the hidden checks found, and could tell them.
    """
    zone = assignment.course.tz
    common = deadline_of(assignment)
    if is_open(common, at):
        until = moment_words(common.stated_closes_at, zone)
        return (
            (
                f"Students can hand in until {until}. Only after that, "
                f"{_count(students)} will see their marks and the results of hidden "
                "checks."
            ),
        )
    others_open = [
        student
        for student, own in deadlines_with_extra_time(assignment).items()
        if is_open(own, at)
    ]
    extended = [
        student.name
        for student in sorted(others_open, key=lambda each: (each.last_name, each.pk))
    ]
    if not extended:
        return ()
    others = " and others" if len(extended) > _NAMED else ""
    names = ", ".join(extended[:_NAMED]) + others
    return (
        (
            f"{_count(len(extended))} may still hand in, because they have more time: "
            f"{names}. They will see their marks after that. Before that, others "
            "could tell them the results of hidden checks."
        ),
    )


def _unfinished_words(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        (
            f"The work of {_count(count)} is still in the queue, running, or waiting "
            "for staff. Their marks may change."
        ),
    )


def _to_mark(marks: Sequence[Mark]) -> int:
    """Return how many marks still lack points that people give."""
    return sum(mark.counting().hand.waiting > 0 for mark in marks)


def _unmarked_words(count: int) -> tuple[str, ...]:
    if not count:
        return ()
    return (
        (
            f"The work of {_count(count)} waits for marking by hand. They would see a "
            "final mark without those points."
        ),
    )


def _count(students: int) -> str:
    return "1 student" if students == 1 else f"{students} students"
