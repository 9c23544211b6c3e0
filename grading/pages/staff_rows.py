"""The rows of the staff table: each student with their latest attempt and mark."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, partial
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, Sum

from accounts.models import User
from courses.deadlines import deadline_of, is_late
from courses.models import Assignment, Question
from formats.choices import QuestionKind, Role
from grading.mark_points import MarkPoints, mark_points
from grading.models import GradingRun, Mark
from grading.pages.badges import Badge, badge_of
from grading.services.counting import CountingRow, counting_rows
from grading.states import State
from submissions.models import Submission
from submissions.querysets import SubmissionQuerySet

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class StudentRow:
    """One student: their latest work, how it stands, and which attempt counts."""

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


class _Worth(NamedTuple):
    """The points of a revision, and how many of them are given by hand."""

    possible: Decimal | None = None
    by_hand: Decimal = Decimal(0)


def _worth_of_revisions(assignment: Assignment) -> dict[int, _Worth]:
    """Return the worth of each revision by its id: earlier revisions have marks too."""
    questions = Question.objects.filter(revision__assignment=assignment).order_by()
    is_manual = Q(kind=QuestionKind.MANUAL)
    rows = questions.values_list("revision").annotate(
        total=Sum("points"), by_hand=Sum("points", filter=is_manual, default=Decimal(0))
    )
    return {revision: _Worth(total, by_hand) for revision, total, by_hand in rows}


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


@dataclass(frozen=True, kw_only=True)
class _Work:
    """Everybody's work: attempts and marks by student, runs by submission."""

    latest: dict[int, _Latest]
    runs: dict[UUID, _Run]
    marks: dict[int, CountingMark]


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
    rows: Any = _latest_submissions(assignment).with_extension()
    own = cache(partial(deadline_of, assignment))
    return {
        author: _Latest(
            pk, attempt, received_at, is_late(own(extended_to), received_at)
        )
        for author, pk, attempt, received_at, extended_to in rows.values_list(
            "author", "pk", "attempt", "received_at", "extended_to"
        )
    }


def _marks(assignment: Assignment) -> dict[int, CountingMark]:
    """Return everybody's final points and the attempt that counts. Three queries."""
    worth = _worth_of_revisions(assignment)
    marks = Mark.objects.filter(assignment=assignment).order_by()
    given = {
        student: (manual, adjustment)
        for student, manual, adjustment in marks.values_list(
            "student", "manual_points", "adjustment"
        )
    }
    rows = counting_rows(
        assignment,
        possible={key: each.possible or _ZERO for key, each in worth.items()},
        manual={student: manual for student, (manual, _) in given.items()},
    )
    return {
        student: _counting_mark(rows.get(student), worth, manual, adjustment)
        for student, (manual, adjustment) in given.items()
    }


def _counting_mark(
    row: CountingRow | None,
    worth: dict[int, _Worth],
    manual: Decimal,
    adjustment: Decimal,
) -> CountingMark:
    own = worth.get(row.revision_id, _Worth()) if row else _Worth()
    return CountingMark(
        points=mark_points(
            automatic=row.automatic if row else _ZERO,
            manual=manual,
            adjustment=adjustment,
            late=row.late if row else None,
        ),
        possible=own.possible,
        attempt=row.attempt if row else None,
        to_mark=_ZERO if manual else own.by_hand,
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
    later = GradingRun.objects.that_may_count().filter(
        submission=OuterRef("submission"), number__gt=OuterRef("number")
    )
    runs: Any = (
        GradingRun.objects.that_may_count()
        .of_assignment(assignment)
        .filter(
            ~Exists(later),
            submission__in=_latest_submissions(assignment).values("pk"),
        )
        .order_by()
        .values_list("submission", "pk", "state", "verdict")
    )
    return {submission: _Run(*run) for submission, *run in runs}


def _student_row(user: User, *, is_enrolled: bool, work: _Work) -> StudentRow:
    latest = work.latest.get(user.pk)
    run = work.runs.get(latest.pk) if latest else None
    return StudentRow(
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
        counting=work.marks.get(user.pk),
    )
