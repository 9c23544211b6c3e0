"""What releasing the marks of an assignment would show, to whom, and its problems."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet

from courses.deadlines import deadline_of, deadlines_with_extra_time, is_open
from courses.models import Assignment, Enrolment
from courses.querysets.enrolments import EnrolmentQuerySet
from courses.wall_clock import moment_words
from formats.assignment.assignment_content import Visibility
from grading.models import GradingRun, Mark, Standing
from grading.scoring import rules_of
from grading.services.marks import load_counting_runs
from grading.states import ACTIVE, State
from grading.visible_results import HiddenPoints

# A sentence names at most this many students.
_NAMED = 5
_HIDDEN_UNTIL_THEN = (Visibility.AFTER_DEADLINE, Visibility.AFTER_RELEASE)


@dataclass(frozen=True, kw_only=True)
class ReleasePlan:
    """What a release at a time would show, and its problems.

    It is for all students of the course, or for those of one group. `marks` are those
    of students who are told their points, with `student` and `run`; `excused` are those
    of students who are excused, and have no points, and `withheld` those that their
    students are not told. `to_mark` are how many of the marks still lack points that
    people give. `hidden` are the points that students would see for the first time;
    `never_shown` are points that are counted and stay hidden.
    """

    at: dt.datetime
    students: int
    marks: tuple[Mark, ...]
    excused: tuple[Mark, ...]
    withheld: tuple[Mark, ...]
    to_mark: int
    unfinished: int
    hidden: tuple[HiddenPoints, ...]
    never_shown: HiddenPoints | None
    problems: tuple[str, ...]

    @property
    def absent(self) -> int:
        """How many of the marks are 0 points because the student was absent."""
        return sum(mark.decision == Standing.ABSENT for mark in self.marks)

    @property
    def marked(self) -> int:
        """How many of the marks have all points that people give."""
        return len(self.marks) - self.to_mark

    @property
    def without_mark(self) -> int:
        """The number of students who have no mark and are not excused."""
        return self.students - len(self.marks) - len(self.excused) - len(self.withheld)


def plan_release(
    assignment: Assignment, *, at: dt.datetime, module_code: str | None = None
) -> ReleasePlan:
    """Return what releasing the marks at that time would show, in seven queries.

    With a module code, the release is to its students alone.
    """
    students = set(
        _students(assignment, module_code).order_by().values_list("user", flat=True)
    )
    found = (
        Mark.objects.filter(
            assignment=assignment,
            student__in=_students(assignment, module_code).values("user"),
        )
        .select_related("student")
        .order_by("student__last_name", "student__first_name", "student__email")
    )
    runs = GradingRun.objects.that_may_count().of_assignment(assignment)
    unfinished = (
        runs.filter(
            state__in=[*ACTIVE, State.NEEDS_STAFF],
            submission__author__in=_students(assignment, module_code).values("user"),
        )
        .exclude(submission__author__in=_excused(assignment))
        .values("submission__author")
        .distinct()
        .count()
    )
    hidden = _hidden_points(assignment)
    every = load_counting_runs(found)
    marks = tuple(
        mark
        for mark in every
        if not (mark.is_excused or mark.is_withheld or mark.is_empty)
    )
    to_mark = sum(mark.counting().hand.waiting > 0 for mark in marks)
    shown = tuple(
        hidden[visibility] for visibility in _HIDDEN_UNTIL_THEN if visibility in hidden
    )
    return ReleasePlan(
        at=at,
        students=len(students),
        marks=marks,
        excused=tuple(mark for mark in every if mark.is_excused),
        withheld=tuple(mark for mark in every if mark.is_withheld),
        to_mark=to_mark,
        unfinished=unfinished,
        hidden=shown,
        never_shown=hidden.get(Visibility.NEVER),
        problems=(
            *(_still_open(assignment, students, at) if shown else ()),
            *_unfinished_words(unfinished),
            *_unmarked_words(to_mark),
        ),
    )


def count_told(assignment: Assignment) -> int:
    """Return how many students of the course can read their mark now. One query."""
    students = _students(assignment, None).values("user")
    marks = Mark.objects.told().filter(assignment=assignment, student__in=students)
    return marks.count()


def _students(assignment: Assignment, module_code: str | None) -> EnrolmentQuerySet:
    rows = Enrolment.objects.students().filter(course=assignment.course_id)
    return rows if module_code is None else rows.filter(module_code=module_code)


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
    assignment: Assignment, students: Collection[int], at: dt.datetime
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
                f"{_count(len(students))} will see their marks and the results of hidden "
                "checks."
            ),
        )
    others_open = [
        student
        for student, own in deadlines_with_extra_time(assignment).items()
        if student.pk in students and is_open(own, at)
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
