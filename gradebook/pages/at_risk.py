"""Students at risk: who handed in nothing, did not come, or is below the pass mark."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from django.db.models import Max

from accounts.models import User
from courses.deadlines import Deadline, deadline_of
from courses.extra_time import NO_EXTRA_TIME, ExtraTime
from courses.models import Assignment, Course, CourseVisit, Enrolment, StudentMail
from courses.permissions import Right, can
from courses.release_times import is_released
from gradebook.pages.gradebook_rows import Column, columns_of
from gradebook.risks import Known, Risk, risks_of
from gradebook.services.formula import Formula, Score, load_formula
from gradebook.services.scores import CourseScores, extra_times, load_scores
from grading.services.lateness import Owner
from submissions.models import OpenedAttempt, Submission

SHOWN: Final = {
    "": "Any reason",
    Risk.MISSING.value: "Nothing handed in",
    Risk.ABSENT.value: "Not seen for two weeks",
    Risk.FAILING.value: "Below the pass mark",
}


@dataclass(frozen=True, kw_only=True)
class RiskRow:
    """A student at risk, why, and the last mail that staff wrote to them here."""

    student: User
    module_code: str
    risks: Mapping[Risk, str]
    seen_at: dt.datetime | None
    mail: StudentMail | None

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons in words."""
        return tuple(self.risks.values())


@dataclass(frozen=True, kw_only=True)
class AtRiskPage:
    """The page. `students` is how many there are in the course.

    `counts` are the rows by reason, before the filter. `has_hidden` says that marks are
    left out which the viewer does not see.
    """

    rows: tuple[RiskRow, ...]
    counts: Mapping[str, int]
    show: str
    students: int
    may_mail: bool
    has_hidden: bool

    @property
    def choices(self) -> tuple[tuple[str, str, int], ...]:
        """The filters: value, words, and how many students they show."""
        return tuple(
            (value, words, self.counts[value]) for value, words in SHOWN.items()
        )

    def chosen(self, ids: set[str]) -> dict[int, tuple[str, ...]]:
        """Return the reasons of the rows with these ids, by the student's id."""
        return {
            row.student.pk: row.reasons
            for row in self.rows
            if str(row.student.pk) in ids
        }


def at_risk_page(
    *, user: User, course: Course, show: str, now: dt.datetime
) -> AtRiskPage:
    """Return the students at risk by name. The number of queries does not grow.

    SECURITY: only what the person sees is said: of coursework that is marked apart
    nothing, and then no totals.
    """
    formula = load_formula(course)
    columns = columns_of(user, formula, now)
    people = _people(course)
    ids = [row.user_id for row in people]
    scores = load_scores(formula, ids, now=now)
    times = _Times.of(course, columns, now)
    is_whole = len(columns) == len(formula.assignments)
    visits = _visits(course)
    mails = _mails(course)
    rows = []
    for row in people:
        seen_at = visits.get(row.user_id)
        percent = _released_percent(times, scores, row) if is_whole else None
        known = Known(
            missing=_missing(times, scores, row.user_id),
            seen_at=seen_at,
            since=_since(course, row, now),
            percent=percent,
        )
        risks = risks_of(known, pass_percent=Fraction(course.pass_mark), now=now)
        if risks:
            rows.append(
                RiskRow(
                    student=row.user,
                    module_code=row.module_code,
                    risks=risks,
                    seen_at=seen_at,
                    mail=mails.get(row.user_id),
                )
            )
    show = show if show in SHOWN else ""
    counts = {value: sum(value in row.risks for row in rows) for value in SHOWN}
    counts[""] = len(rows)
    return AtRiskPage(
        rows=tuple(row for row in rows if not show or show in row.risks),
        counts=counts,
        show=show,
        students=len(people),
        may_mail=can(user, Right.MANAGE_PEOPLE, course),
        has_hidden=not is_whole,
    )


def _people(course: Course) -> list[Enrolment]:
    rows = Enrolment.objects.students().filter(course=course).select_related("user")
    return list(rows.order_by("user__last_name", "user__first_name", "user__email"))


def _since(course: Course, row: Enrolment, now: dt.datetime) -> dt.datetime | None:
    """Return when the student could first look at the course."""
    if course.release_at is None or not is_released(course.release_at, now):
        return None
    return max(course.release_at, row.enrolled_at)


@dataclass(frozen=True, kw_only=True)
class _Times:
    """What is due, and what is released, for each student by their own deadline."""

    columns: tuple[Column, ...]
    extra: Mapping[Owner, ExtraTime]
    opened: frozenset[Owner]
    now: dt.datetime

    @classmethod
    def of(
        cls, course: Course, columns: tuple[Column, ...], now: dt.datetime
    ) -> "_Times":
        """Load the extra time of all, and who is handing in now. Four queries."""
        assignments = [column.assignment for column in columns]
        opened = OpenedAttempt.objects.unfinished().filter(
            assignment__in=assignments, expires_at__gt=now
        )
        owners = opened.order_by().values_list("assignment", "author")
        return cls(
            columns=columns,
            extra=extra_times(course, assignments),
            opened=frozenset(owners),
            now=now,
        )

    def _deadline(self, assignment: Assignment, student: int) -> Deadline:
        extra = self.extra.get((assignment.pk, student), NO_EXTRA_TIME)
        return deadline_of(assignment, extra)

    def due(self, student: int) -> list[Assignment]:
        """Return what the student should have handed in by now."""
        return [
            column.assignment
            for column in self.columns
            if is_released(column.assignment.release_at, self.now)
            and (column.assignment.pk, student) not in self.opened
            and self._deadline(column.assignment, student).due_at < self.now
        ]

    def released(self, student: int) -> set[int]:
        """Return the ids of assignments whose marks the student sees.

        SECURITY: the reasons are mailed to the student, so a release counts once it
        applies to them: not while the portal may still take their own work.
        """
        return {
            column.assignment.pk
            for column in self.columns
            if column.is_released
            and (column.assignment.pk, student) not in self.opened
            and self._deadline(column.assignment, student).results_wait_until < self.now
        }


def _missing(times: _Times, scores: CourseScores, student: int) -> tuple[str, ...]:
    """Return the titles of what is due and was not handed in.

    Without those of which the student is excused or has a mark.
    """
    found = []
    for each in times.due(student):
        mark = scores.marks.get((each.pk, student))
        is_there = mark is not None and (mark.has_work or mark.is_excused)
        if not is_there and (each.pk, student) not in scores.without_result:
            found.append(each.title)
    return tuple(found)


def _released_percent(
    times: _Times, scores: CourseScores, row: Enrolment
) -> Fraction | None:
    """Return the student's total from the marks that they see."""
    formula: Formula = scores.formula
    if formula.problems:
        return None
    released = times.released(row.user_id)
    own = {
        key: score if key in released else Score()
        for key, score in scores.of(row.user_id).items()
    }
    return formula.total(own, row.module_code).percent


def _visits(course: Course) -> dict[int, dt.datetime]:
    """Return when each person last looked at the course, or handed in. Two queries."""
    visits = CourseVisit.objects.filter(course=course).order_by()
    found = dict(visits.values_list("user", "seen_at"))
    work = Submission.objects.filter(assignment__course=course).order_by()
    for author, at in work.values_list("author").annotate(last=Max("received_at")):
        found[author] = max(at, found.get(author, at))
    return found


def _mails(course: Course) -> dict[int, StudentMail]:
    """Return the last mail to each student. One query."""
    rows = StudentMail.objects.filter(course=course).select_related("author")
    return {row.student_id: row for row in rows.order_by("written_at", "pk")}
