"""What runs have used: by student, assignment and week, and of a student's budget.

SECURITY: the seconds of checks are for staff alone, since code under test chooses them.
So a budget is charged with the seconds of the notebook only, which its author may see.
"""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, DateField, F, Q, QuerySet, Sum
from django.db.models.functions import TruncWeek

from accounts.models import User
from courses.models import Assignment, Course
from formats.problems import Problem
from formats.submission_words import problem
from grading.models import GradingRun
from grading.querysets import GradingRunQuerySet


@dataclass(frozen=True, kw_only=True)
class Budget:
    """A student's budget on an assignment: of which device, its seconds, those used."""

    device: str
    seconds: int
    used: float

    @property
    def left(self) -> float:
        return max(self.seconds - self.used, 0.0)

    @property
    def is_used_up(self) -> bool:
        return self.used >= self.seconds


def charged_runs(assignment: Assignment, student: User) -> GradingRunQuerySet:
    """Return the runs that are charged to the student's budget on the assignment.

    These are the runs of the student's own hand-ins. Reruns and regrades are started by
    staff, and a try that failed through our fault has no seconds: neither costs the
    student anything.
    """
    return GradingRun.objects.filter(
        hand_ins(), submission__assignment=assignment, submission__author=student
    )


def hand_ins() -> Q:
    """Match the runs that a hand-in put in the queue."""
    return Q(number=1, regrade__isnull=True, submission__isnull=False)


def budgets_of(assignment: Assignment, student: User) -> tuple[Budget, ...]:
    """Return the student's budgets on the assignment.

    There are none where it has no limit, or runs nothing.
    """
    limits = {
        "CPU": assignment.cpu_budget_seconds,
        "GPU": assignment.gpu_budget_seconds,
    }
    if not any(limits.values()) or not assignment.runs_notebooks:
        return ()
    used = charged_runs(assignment, student).aggregate(
        CPU=Sum("cpu_seconds", default=0.0), GPU=Sum("gpu_seconds", default=0.0)
    )
    return tuple(
        Budget(device=device, seconds=seconds, used=used[device])
        for device, seconds in limits.items()
        if seconds is not None
    )


def budget_refusals(assignment: Assignment, student: User) -> list[Problem]:
    """Return a problem for each of the student's budgets that is used up."""
    return [
        problem(
            "budget_used_up",
            device=budget.device,
            limit=seconds_in_words(budget.seconds),
            used=seconds_in_words(budget.used),
        )
        for budget in budgets_of(assignment, student)
        if budget.is_used_up
    ]


def seconds_in_words(seconds: float) -> str:
    """Return seconds as `45 s`, `12 min 30 s` or `2 h 5 min`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


def use_in_course(course: Course, viewer: User) -> QuerySet[GradingRun, Any]:
    """Return what each student's runs used in each week, checks included.

    They are the runs for assignments of which the viewer sees everybody's work. A week
    begins on Monday in the course's time zone, and a run is of the week in which
    it ended. Copies of results used nothing and are left out.
    """
    runs = GradingRun.objects.of_submissions()
    return _use_of(runs, course, viewer, "submission")


def self_check_use_in_course(course: Course, viewer: User) -> QuerySet[GradingRun, Any]:
    """Return what each student's self-checks used in each week, as `use_in_course` does.

    They are charged to no budget. SECURITY: staff see how many there were and what
    they used, and nothing of what was in them.
    """
    return _use_of(GradingRun.objects.all(), course, viewer, "self_check")


def _use_of(
    runs: GradingRunQuerySet, course: Course, viewer: User, work: str
) -> QuerySet[GradingRun, Any]:
    """Return the sums of the runs whose work, by this lookup, is of the course."""
    seen = course.assignments.with_work_seen_by(viewer).order_by()
    return (
        runs.that_executed()
        .filter(**{f"{work}__assignment__in": seen.values("pk")})
        .values(
            student=F(f"{work}__author"),
            email=F(f"{work}__author__email"),
            login=F(f"{work}__author__login"),
            first_name=F(f"{work}__author__first_name"),
            last_name=F(f"{work}__author__last_name"),
            week=TruncWeek("finished_at", tzinfo=course.tz, output_field=DateField()),
        )
        .annotate(
            runs=Count("pk"),
            cpu=Sum(F("cpu_seconds") + F("checking_cpu_seconds"), default=0.0),
            gpu=Sum(F("gpu_seconds") + F("checking_gpu_seconds"), default=0.0),
        )
        .order_by("week", "last_name", "first_name", "student")
    )
