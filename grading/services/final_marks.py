"""The final marks of many students for many assignments, as they are now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from courses.models import Assignment
from grading.hand_points import NO_HAND_POINTS
from grading.mark_points import Cap, MarkPoints, mark_points
from grading.models import Mark, Standing, standing_now
from grading.services.counting import (
    CountingRow,
    counting_rows_of,
    points_of_revisions,
    row_without_work,
)
from grading.services.hand_points import load_hand_points
from grading.services.lateness import Owner

_ZERO: Final = Decimal(0)
_NOTHING: Final = CountingRow(_ZERO, None, None, NO_HAND_POINTS, None)


@dataclass(frozen=True, kw_only=True)
class FinalMark:
    """A student's mark for an assignment out of `possible` points.

    `waiting` are points that people give and have not given yet. `has_work` says
    whether anything that was handed in or marked counts. Who is excused has no points.
    """

    points: MarkPoints
    possible: Decimal
    waiting: Decimal = _ZERO
    standing: str = ""
    has_work: bool = True
    run_id: UUID | None = None

    @property
    def is_excused(self) -> bool:
        """Whether staff have excused the student, so that nothing counts."""
        return self.standing == Standing.EXCUSED

    @property
    def is_withheld(self) -> bool:
        """Whether the student is not told the mark, also after the release."""
        return self.standing == Standing.WITHHELD

    @property
    def decision(self) -> Standing | None:
        """What staff have decided and holds now."""
        return standing_now(self.standing, has_work=self.has_work)

    @property
    def is_empty(self) -> bool:
        """Whether the student has no mark any more, but its history alone."""
        return not (self.standing or self.points.adjustment or self.has_work)

    @property
    def is_complete(self) -> bool:
        """Whether nobody has to mark anything of it."""
        return not self.waiting


def final_marks(
    assignments: Sequence[Assignment],
    students: Collection[int] | None = None,
    *,
    possible: Mapping[int, Decimal] | None = None,
) -> dict[Owner, FinalMark]:
    """Return the marks by assignment and student; who has none is not in it.

    The assignments come with their courses. `possible` are the points of their
    revisions, which are loaded if they are not given. Four queries, four more where people mark,
    one where the best attempt counts, and two where late days count.
    """
    if possible is None:
        possible = points_of_revisions(assignments)
    marked = load_hand_points([each.pk for each in assignments], students=students)
    rows = counting_rows_of(
        assignments, possible=possible, marked=marked, students=students
    )
    marks = Mark.objects.filter(assignment__in=assignments).order_by()
    if students is not None:
        marks = marks.filter(student__in=students)
    by_id = {each.pk: each for each in assignments}
    found: dict[Owner, FinalMark] = {}
    for assignment, student, adjustment, standing, *cap in marks.values_list(
        *("assignment", "student", "adjustment", "standing"),
        *("cap_percent", "cap_words"),
    ):
        row = rows.get((assignment, student))
        if row is None:
            row = row_without_work(
                by_id[assignment], student, possible=possible, marked=marked
            )
        found[assignment, student] = _final_mark(
            by_id[assignment],
            row,
            adjustment=adjustment,
            cap=Cap.of(*cap),
            standing=standing,
            possible=possible,
        )
    return {owner: mark for owner, mark in found.items() if not mark.is_empty}


def _final_mark(
    assignment: Assignment,
    row: CountingRow | None,
    *,
    adjustment: Decimal,
    standing: str,
    possible: Mapping[int, Decimal],
    cap: Cap | None,
) -> FinalMark:
    """Return the mark with the work that counts; `row` is None if nothing does."""
    entered_of = assignment.marks_out_of
    if row is None and entered_of is not None:
        # An adjustment alone is no mark where people enter the marks.
        adjustment = adjustment if standing else _ZERO
    counts = row or _NOTHING
    published = possible.get(assignment.revision_id or 0, _ZERO)
    out_of = row.possible if row else (entered_of or published)
    return FinalMark(
        points=mark_points(
            automatic=counts.automatic,
            manual=counts.hand.given,
            adjustment=adjustment,
            late=counts.late,
            cap=cap,
            possible=out_of,
        ),
        possible=out_of,
        waiting=counts.hand.waiting,
        standing=standing,
        has_work=row is not None,
        run_id=counts.run_id,
    )
