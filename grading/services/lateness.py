"""Whose attempts are late by how much, and by which rule they lose points.

Lateness depends on the deadline, the extra time and the rule as they are now, or as they
would be: previews assume other settings, and nothing is stored.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db.models import Exists, OuterRef

from courses.deadlines import Deadline, deadline_of, late_by
from courses.extra_time import ExtraTime
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
    extended deadlines, or None for no extension. `accommodations` have hours and a
    percentage by the ids of a course and a student.
    """

    assignments: Mapping[int, Assignment] = field(default_factory=dict)
    extensions: Mapping[Owner, dt.datetime | None] = field(default_factory=dict)
    accommodations: Mapping[tuple[int, int], tuple[int, int]] = field(
        default_factory=dict
    )

    def assignment(self, stored: Assignment) -> Assignment:
        """Return the assignment as it would be."""
        return self.assignments.get(stored.pk, stored)

    def deadline(
        self, stored: Assignment, student_id: int, extra_time: ExtraTime
    ) -> Deadline:
        """Return the student's deadline as it would be."""
        key = (stored.course_id, student_id)
        if key in self.accommodations:
            hours, percent = self.accommodations[key]
            extra_time = replace(extra_time, hours=hours, percent=percent)
        owner = (stored.pk, student_id)
        if owner in self.extensions:
            extra_time = replace(extra_time, extended_to=self.extensions[owner])
        return deadline_of(self.assignment(stored), extra_time)


AS_STORED = AssumedSettings()


class Attempt(NamedTuple):
    """What decides how late an attempt is."""

    assignment: Assignment
    student_id: int
    received_at: dt.datetime
    extra_time: ExtraTime
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
            row.extra_time,
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
    # Few assignments have many attempts. They may be rows of their own for each.
    rules: dict[int, tuple[Assignment, bool]] = {}
    for key, attempt in attempts.items():
        stored = attempt.assignment
        if stored.pk not in rules:
            assumption = assumed.assignment(stored)
            rules[stored.pk] = assumption, assumption.late_rule.takes_points
        assignment, takes_points = rules[stored.pk]
        if not takes_points:
            continue
        own = assumed.deadline(
            attempt.assignment, attempt.student_id, attempt.extra_time
        )
        by = late_by(own, attempt.received_at)
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
        # The chosen attempt is the last one here: see `_pieces`.
        latest_counts=assignment.counting != Counting.BEST,
    )


_Pieces = tuple[list[Assignment], defaultdict[Owner, list[dt.timedelta]]]


def _pieces(
    courses: set[int], students: set[int], assumed: AssumedSettings
) -> dict[int, _Pieces]:
    """Return each course's assignments with late days, and how late its attempts are.

    The assignments are in the order of their deadlines, the attempts in their own, but
    the one that its author has chosen comes last. Attempts without a finished run are
    left out, since they never count: one that its author cancels costs no late day, and
    hides no other one's cost.
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
    finished = GradingRun.objects.one_per_attempt().filter(submission=OuterRef("pk"))
    rows: Any = (
        Submission.objects.filter(assignment__in=by_id, author__in=students)
        .that_may_cost_late_days()
        .filter(Exists(finished))
        .with_extra_time()
        .order_by("attempt")
    )
    attempts = list(
        rows.values_list("assignment", "author", "received_at", "extra_time", "chosen")
    )
    attempts.sort(
        key=lambda row: by_id[row[0]].counting == Counting.CHOICE and row[4] is not None
    )
    for assignment_id, author, received_at, extra_time, _ in attempts:
        assignment = by_id[assignment_id]
        own = assumed.deadline(assignment, author, extra_time)
        pieces[assignment.course_id][1][assignment_id, author].append(
            late_by(own, received_at)
        )
    return pieces
