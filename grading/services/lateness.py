"""Whose attempts are late by how much, and by which rule they lose points.

Lateness depends on the deadline, the extension and the rule as they are now, or as they
would be: previews assume other settings, and nothing is stored.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from courses.deadlines import deadline_of, late_by
from courses.late_rules import LatePiece, charged_days, late_days_left
from courses.models import Assignment
from formats.choices import Counting
from grading.mark_points import LateTerms
from grading.models import GradingRun
from submissions.models import Submission

Key = TypeVar("Key", bound=Hashable)
# An assignment and a student, by their ids.
Owner = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class AssumedSettings:
    """Settings as they would be. What is not in here is as stored.

    `assignments` are unsaved assignments by id, each with its course. `extensions` are
    extended deadlines, or None for no extension.
    """

    assignments: Mapping[int, Assignment] = field(default_factory=dict)
    extensions: Mapping[Owner, dt.datetime | None] = field(default_factory=dict)

    def assignment(self, stored: Assignment) -> Assignment:
        """Return the assignment as it would be."""
        return self.assignments.get(stored.pk, stored)

    def extended_to(
        self, owner: Owner, stored: dt.datetime | None
    ) -> dt.datetime | None:
        """Return the extended deadline as it would be."""
        return self.extensions.get(owner, stored)


AS_STORED = AssumedSettings()


class Attempt(NamedTuple):
    """What decides how late an attempt is."""

    assignment: Assignment
    student_id: int
    received_at: dt.datetime
    extended_to: dt.datetime | None
    possible: Decimal

    @property
    def owner(self) -> Owner:
        """The assignment and the student."""
        return self.assignment.pk, self.student_id


def run_terms(
    runs: Iterable[GradingRun], assumed: AssumedSettings = AS_STORED
) -> dict[UUID, LateTerms]:
    """Return the terms of each run whose attempt is late and may lose points.

    The runs come from `with_lateness`. No query, and two more where late days count.
    """
    attempts: dict[UUID, Attempt] = {}
    for run in runs:
        row: Any = run
        attempts[run.pk] = Attempt(
            run.work.assignment,
            run.work.author_id,
            run.work.received_at,
            row.extended_to,
            row.possible or Decimal(0),
        )
    return late_terms(attempts, assumed)


def late_terms(
    attempts: Mapping[Key, Attempt], assumed: AssumedSettings = AS_STORED
) -> dict[Key, LateTerms]:
    """Return the terms of the attempts that are late and may lose points, by their keys.

    No query, and two for all of them where late days count.
    """
    late: dict[Key, tuple[Assignment, Attempt, dt.timedelta]] = {}
    for key, attempt in attempts.items():
        assignment = assumed.assignment(attempt.assignment)
        if not assignment.late_rule.takes_points:
            continue
        extended_to = assumed.extended_to(attempt.owner, attempt.extended_to)
        by = late_by(deadline_of(assignment, extended_to), attempt.received_at)
        if by:
            late[key] = (assignment, attempt, by)
    left = days_left(
        {(each, attempt.student_id) for each, attempt, _ in late.values()}, assumed
    )
    return {
        key: _terms(assignment, attempt, by, left.get(attempt.owner, 0))
        for key, (assignment, attempt, by) in late.items()
    }


def _terms(
    assignment: Assignment, attempt: Attempt, by: dt.timedelta, left: int
) -> LateTerms:
    rule, pass_mark = assignment.late_rule, assignment.pass_percent
    return LateTerms(
        rule=rule,
        pass_mark=pass_mark,
        possible=attempt.possible,
        late_by=by,
        covered_days=charged_days(rule, late_by=by, left=left, pass_mark=pass_mark),
    )


def uses_late_days(assignment: Assignment) -> bool:
    """Return whether students may use late days for the assignment."""
    return bool(assignment.course.late_days and assignment.late_rule.days_limit)


def days_left(
    wanted: Iterable[tuple[Assignment, int]], assumed: AssumedSettings = AS_STORED
) -> dict[Owner, int]:
    """Return how many late days each student has left before each assignment.

    `wanted` are assignments with ids of students. Assignments without late days are
    left out. Two queries, or none if no assignment uses late days.
    """
    asked = [pair for pair in wanted if uses_late_days(pair[0])]
    if not asked:
        return {}
    pieces = _pieces(
        {assignment.course_id for assignment, _ in asked},
        {student for _, student in asked},
        assumed,
    )
    found: dict[Owner, int] = {}
    for course_id, student in {(each.course_id, who) for each, who in asked}:
        bank, own = pieces[course_id]
        left = late_days_left(
            ((_piece(each, own[each.pk, student]), each.pass_percent) for each in bank),
            bank=bank[0].course.late_days,
        )
        found.update({(key, student): days for key, days in left.items()})
    return found


def _piece(assignment: Assignment, late: list[dt.timedelta]) -> LatePiece:
    return LatePiece(
        key=assignment.pk,
        rule=assignment.late_rule,
        late_by=late,
        latest_counts=assignment.counting == Counting.LATEST,
    )


_Pieces = tuple[list[Assignment], defaultdict[Owner, list[dt.timedelta]]]


def _pieces(
    courses: set[int], students: set[int], assumed: AssumedSettings
) -> dict[int, _Pieces]:
    """Return each course's assignments with late days, and how late its attempts are.

    The assignments are in the order of their deadlines, the attempts in their own.
    """
    stored = Assignment.objects.filter(course__in=courses).select_related("course")
    found = [assumed.assignment(each) for each in stored.defer("summary")]
    using = [each for each in found if uses_late_days(each)]
    by_id = {each.pk: each for each in using}
    pieces: dict[int, _Pieces] = {
        course: (
            sorted(
                (each for each in using if each.course_id == course),
                key=lambda each: (each.due_at, each.pk),
            ),
            defaultdict(list),
        )
        for course in courses
    }
    rows: Any = (
        Submission.objects.filter(assignment__in=by_id, author__in=students)
        .using_attempts()
        .with_extension()
        .order_by("attempt")
    )
    for assignment_id, author, received_at, extended_to in rows.values_list(
        "assignment", "author", "received_at", "extended_to"
    ):
        assignment, owner = by_id[assignment_id], (assignment_id, author)
        own = deadline_of(assignment, assumed.extended_to(owner, extended_to))
        pieces[assignment.course_id][1][owner].append(late_by(own, received_at))
    return pieces
