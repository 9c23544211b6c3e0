"""The rows of the staff table: each student with their latest attempt and mark."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef

from accounts.models import User
from courses.deadlines import deadline_of, is_late
from courses.models import Assignment
from formats.choices import Role
from grading.hand_points import NO_HAND_POINTS
from grading.mark_points import Cap, MarkPoints, mark_points
from grading.models import GradingRun, Mark, Standing, standing_now
from grading.pages.badges import Badge, badge_of
from grading.points_bar import PointsBar, divided
from grading.services.counting import (
    CountingRow,
    counting_rows,
    points_of_revisions,
    row_without_work,
)
from grading.services.hand_points import load_hand_points
from grading.states import State
from submissions.models import Submission
from submissions.querysets import SubmissionQuerySet

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class StudentRow:
    """One student: their latest work, how it stands, and which attempt counts."""

    student_id: int
    name: str
    sort_name: str
    login: str
    email: str
    is_enrolled: bool
    attempts: int = 0
    received_at: dt.datetime | None = None
    is_late: bool = False
    run_id: UUID | None = None
    run_state: str = ""
    badge: Badge | None = None
    counting: "CountingMark | None" = None
    standing: Standing | None = None

    @property
    def is_excused(self) -> bool:
        """Whether the student is excused, so that nothing counts."""
        return self.standing == Standing.EXCUSED

    @property
    def counting_attempt(self) -> int | None:
        """The number of the attempt that counts."""
        return self.counting.attempt if self.counting else None

    @property
    def mark(self) -> Decimal | None:
        """The points of the mark."""
        return self.counting.mark if self.counting else None

    @property
    def is_to_mark(self) -> bool:
        """Whether the work that counts waits for marking by hand."""
        return self.counting is not None and self.counting.to_mark > 0

    @property
    def waits_for_staff(self) -> bool:
        """Whether anything of this student waits for staff."""
        return self.is_to_mark or self.run_state == State.NEEDS_STAFF


@dataclass(frozen=True, kw_only=True)
class CountingMark:
    """A student's mark out of `possible` points, and the attempt that counts.

    `to_mark` are the points that people give for this attempt and have not given yet.
    """

    points: MarkPoints
    possible: Decimal | None
    attempt: int | None
    to_mark: Decimal

    @property
    def mark(self) -> Decimal:
        """The final points."""
        return self.points.final

    @property
    def bar(self) -> PointsBar | None:
        """The parts of the points before any late penalty, None without a run."""
        if self.possible is None:
            return None
        return divided(
            total=self.possible, earned=self.points.raw, by_hand=self.to_mark
        )


class _Latest(NamedTuple):
    """A student's latest attempt. These are tuples, so that large pages are quick."""

    pk: UUID
    attempt: int
    received_at: dt.datetime
    is_late: bool


class _Run(NamedTuple):
    """The latest run of an attempt."""

    pk: UUID
    state: str
    verdict: str


class _Mark(NamedTuple):
    """What counts for a student, and what staff have decided."""

    counting: CountingMark | None = None
    standing: Standing | None = None


@dataclass(frozen=True, kw_only=True)
class _Work:
    """Everybody's work: attempts and marks by student, runs by submission."""

    latest: dict[int, _Latest]
    runs: dict[UUID, _Run]
    marks: dict[int, _Mark]


def student_rows(assignment: Assignment) -> list[StudentRow]:
    """Return everybody enrolled as a student, and those who left after handing in."""
    work = _Work(
        latest=_latest_attempts(assignment),
        runs=_latest_runs(assignment),
        marks=_marks(assignment),
    )
    people: Any = (
        User.objects.filter(
            enrolments__course=assignment.course_id, enrolments__role=Role.STUDENT
        )
        # One join: `is_enrolled` is of the enrolment that the filter has found.
        .annotate(is_enrolled=F("enrolments__is_active"))
        .only("first_name", "last_name", "email", "login")
        .order_by()
    )
    return [
        _student_row(user, is_enrolled=user.is_enrolled, work=work)
        for user in people
        if user.is_enrolled or user.pk in work.latest
    ]


def _latest_attempts(assignment: Assignment) -> dict[int, _Latest]:
    """Return everybody's latest attempt, late by the current deadlines. One query."""
    rows: Any = _latest_submissions(assignment).with_extra_time()
    own = cache(partial(deadline_of, assignment))
    return {
        author: _Latest(pk, attempt, received_at, is_late(own(extra_time), received_at))
        for author, pk, attempt, received_at, extra_time in rows.values_list(
            "author", "pk", "attempt", "received_at", "extra_time"
        )
    }


def _marks(assignment: Assignment) -> dict[int, _Mark]:
    """Return everybody's final points and the attempt that counts.

    Nothing counts of students who are excused. Four queries, and four more where people
    mark.
    """
    possible = points_of_revisions([assignment])
    marked = load_hand_points([assignment.pk])
    marks = Mark.objects.filter(assignment=assignment).order_by()
    rows = counting_rows(assignment, possible=possible, marked=marked)
    found: dict[int, _Mark] = {}
    for student, adjustment, stored, percent, words in marks.values_list(
        "student", "adjustment", "standing", "cap_percent", "cap_words"
    ):
        cap = Cap.of(percent, words)
        if stored == Standing.EXCUSED:
            found[student] = _Mark(standing=Standing.EXCUSED)
            continue
        row = rows.get(student)
        if row is None:
            row = row_without_work(
                assignment, student, possible=possible, marked=marked
            )
        if row is not None:
            found[student] = _Mark(
                _counting_mark(row, row.possible, adjustment, cap),
                standing_now(stored, has_work=True),
            )
        elif stored or (adjustment and not assignment.has_entered_marks):
            nothing = CountingRow(_ZERO, None, None, NO_HAND_POINTS, None)
            found[student] = _Mark(
                _counting_mark(nothing, assignment.marks_out_of, adjustment, cap),
                standing_now(stored, has_work=False),
            )
    return found


def _counting_mark(
    row: CountingRow,
    possible: Decimal | None,
    adjustment: Decimal,
    cap: Cap | None,
) -> CountingMark:
    return CountingMark(
        points=mark_points(
            automatic=row.automatic,
            manual=row.hand.given,
            adjustment=adjustment,
            late=row.late,
            cap=cap,
            possible=possible or _ZERO,
        ),
        possible=possible,
        attempt=row.attempt,
        to_mark=row.hand.waiting,
    )


def _latest_submissions(assignment: Assignment) -> SubmissionQuerySet:
    """Return the latest attempt of each author. Served by submission_attempt_unique."""
    later = Submission.objects.filter(
        assignment=OuterRef("assignment"),
        author=OuterRef("author"),
        attempt__gt=OuterRef("attempt"),
    )
    return Submission.objects.filter(~Exists(later), assignment=assignment).order_by()


def _latest_runs(assignment: Assignment) -> dict[UUID, _Run]:
    """Return each latest attempt's latest run. Served by grading_run_number_unique."""
    runs: Any = (
        GradingRun.objects.latest_of_attempts()
        .of_assignment(assignment)
        .filter(submission__in=_latest_submissions(assignment).values("pk"))
        .order_by()
        .values_list("submission", "pk", "state", "verdict")
    )
    return {submission: _Run(*run) for submission, *run in runs}


def _student_row(user: User, *, is_enrolled: bool, work: _Work) -> StudentRow:
    latest = work.latest.get(user.pk)
    run = work.runs.get(latest.pk) if latest else None
    mark = work.marks.get(user.pk, _Mark())
    return StudentRow(
        student_id=user.pk,
        name=user.name,
        sort_name=f"{user.last_name} {user.first_name} {user.email}".casefold(),
        login=user.login,
        email=user.email,
        is_enrolled=is_enrolled,
        # Attempts are numbered without gaps.
        attempts=latest.attempt if latest else 0,
        received_at=latest.received_at if latest else None,
        is_late=latest.is_late if latest else False,
        run_id=run.pk if run else None,
        run_state=run.state if run else "",
        badge=badge_of(run.state, run.verdict) if run else None,
        counting=mark.counting,
        standing=mark.standing,
    )
