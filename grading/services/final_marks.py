"""The final marks of many students for many assignments, as they are now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from courses.models import Assignment
from grading.mark_points import MarkPoints, mark_points
from grading.models import Mark, Standing, standing_now
from grading.services.counting import counting_rows_of, points_of_revisions
from grading.services.hand_points import MarkedByHand, load_hand_points
from grading.services.lateness import Owner

_ZERO: Final = Decimal(0)


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
    assignments: Sequence[Assignment], students: Collection[int] | None = None
) -> dict[Owner, FinalMark]:
    """Return the marks by assignment and student; who has none is not in it.

    The assignments come with their courses. Four queries, four more where people mark,
    one where the best attempt counts, and two where late days count.
    """
    possible = points_of_revisions(assignments)
    marked = load_hand_points([each.pk for each in assignments], students=students)
    rows = counting_rows_of(
        assignments, possible=possible, marked=marked, students=students
    )
    marks = Mark.objects.filter(assignment__in=assignments).order_by()
    if students is not None:
        marks = marks.filter(student__in=students)
    published = {each.pk: each.revision_id for each in assignments}
    found: dict[Owner, FinalMark] = {}
    for assignment, student, adjustment, standing in marks.values_list(
        "assignment", "student", "adjustment", "standing"
    ):
        row = rows.get((assignment, student))
        if row is None:
            revision = published[assignment]
            found[assignment, student] = _without_work(
                marked,
                (assignment, student),
                revision,
                adjustment=adjustment,
                standing=standing,
                possible=possible.get(revision or 0, _ZERO),
            )
            continue
        found[assignment, student] = FinalMark(
            points=mark_points(
                automatic=row.automatic,
                manual=row.hand.given,
                adjustment=adjustment,
                late=row.late,
            ),
            possible=possible.get(row.revision_id or 0, _ZERO),
            waiting=row.hand.waiting,
            standing=standing,
        )
    return {owner: mark for owner, mark in found.items() if not mark.is_empty}


def _without_work(
    marked: MarkedByHand,
    owner: Owner,
    revision: int | None,
    *,
    adjustment: Decimal,
    standing: str,
    possible: Decimal,
) -> FinalMark:
    """Return the mark of a student who handed in nothing, by the published revision."""
    assignment, student = owner
    hand = marked.of(student, revision)
    is_marked = marked.is_marked_without_work(student, assignment) and hand.possible > 0
    return FinalMark(
        points=mark_points(
            automatic=_ZERO,
            manual=hand.given,
            adjustment=adjustment,
            late=None,
        ),
        possible=possible,
        waiting=hand.waiting if is_marked else _ZERO,
        standing=standing,
        has_work=is_marked,
    )
