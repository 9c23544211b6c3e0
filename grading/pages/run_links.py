"""Links for staff from a run to the student's other attempts and to other students."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet

from grading.models import GradingRun
from grading.pages.badges import Badge, badge_for
from grading.querysets import GradingRunQuerySet
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class AttemptLink:
    """An attempt of the same student, by its latest run."""

    attempt: int
    run: GradingRun
    badge: Badge
    is_current: bool


@dataclass(frozen=True, kw_only=True)
class StudentLink:
    """Another student's latest run."""

    name: str
    run_id: UUID


@dataclass(frozen=True, kw_only=True)
class RunLinks:
    """The links from a run. The student is number `place` of `count` students."""

    attempts: Sequence[AttemptLink]
    previous: StudentLink | None
    next: StudentLink | None
    place: int
    count: int


def run_links_of(run: GradingRun) -> RunLinks:
    """Return the student's attempts and the neighbours by name. Two queries.

    The students are all who handed in, in the order of the page of submissions.
    """
    work = run.work
    students = list(_latest_runs_by_name(work.assignment_id))
    place = next(
        (index for index, each in enumerate(students) if each[0] == work.author_id), -1
    )
    return RunLinks(
        attempts=_attempts(run),
        previous=_link(students[place - 1]) if place > 0 else None,
        next=_link(students[place + 1]) if 0 <= place < len(students) - 1 else None,
        place=place + 1,
        count=len(students),
    )


def _attempts(run: GradingRun) -> tuple[AttemptLink, ...]:
    latest = (
        _latest()
        .filter(
            submission__assignment=run.work.assignment_id,
            submission__author=run.work.author_id,
        )
        .select_related("submission")
        .defer("progress", "measures", "detail", "record")
    )
    return tuple(
        AttemptLink(
            attempt=each.work.attempt,
            run=each,
            badge=badge_for(each),
            is_current=each.submission_id == run.submission_id,
        )
        for each in latest.order_by("submission__attempt")
    )


def _latest() -> GradingRunQuerySet:
    """Return the latest run of each attempt, without those of unconfirmed regrades."""
    later = GradingRun.objects.that_may_count().filter(
        submission=OuterRef("submission"), number__gt=OuterRef("number")
    )
    return GradingRun.objects.that_may_count().filter(~Exists(later))


def _latest_runs_by_name(assignment: int) -> QuerySet[GradingRun, tuple[Any, ...]]:
    later = Submission.objects.filter(
        assignment=OuterRef("submission__assignment"),
        author=OuterRef("submission__author"),
        attempt__gt=OuterRef("submission__attempt"),
    )
    author = "submission__author"
    names = (f"{author}__last_name", f"{author}__first_name", f"{author}__email")
    rows: QuerySet[GradingRun, tuple[Any, ...]] = (
        _latest()
        .of_assignment(assignment)
        .filter(~Exists(later))
        .order_by(*names)
        .values_list(author, *names, "pk")
    )
    return rows


def _link(row: tuple[Any, ...]) -> StudentLink:
    _, last_name, first_name, email, run = row
    return StudentLink(name=f"{first_name} {last_name}".strip() or email, run_id=run)
