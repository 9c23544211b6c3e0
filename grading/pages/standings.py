"""The page of what staff have decided for each student of an assignment."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import User
from courses.models import Assignment
from formats.choices import Role
from grading.mark_points import Cap
from grading.models import Mark, Standing
from submissions.models import Submission


@dataclass(frozen=True, kw_only=True)
class StandingRow:
    """A student, whether they have handed in, and what is decided for them.

    It has no points: whoever marks a second time may read it.
    """

    student: User
    has_handed_in: bool
    standing: str
    cap: Cap | None
    is_chosen: bool

    @property
    def words(self) -> str:
        """What is decided, or empty."""
        return Standing(self.standing).label if self.standing else ""


@dataclass(frozen=True, kw_only=True)
class StandingsPage:
    """The students of an assignment by name, with what is decided for them."""

    rows: Sequence[StandingRow]

    @property
    def decided(self) -> int:
        """For how many students something is decided."""
        return sum(bool(row.standing or row.cap) for row in self.rows)


def standings_page(assignment: Assignment, chosen: frozenset[int]) -> StandingsPage:
    """Return the page with the students whose ids are `chosen`. Three queries."""
    marks = Mark.objects.filter(assignment=assignment).order_by()
    decided = {
        student: (standing, Cap.of(percent, words))
        for student, standing, percent, words in marks.values_list(
            "student", "standing", "cap_percent", "cap_words"
        )
    }
    handed_in: Any = Submission.objects.filter(assignment=assignment).order_by()
    authors = set(handed_in.values_list("author", flat=True).distinct())
    people = User.objects.filter(
        enrolments__course=assignment.course_id,
        enrolments__role=Role.STUDENT,
        enrolments__is_active=True,
    ).order_by("last_name", "first_name", "email")
    return StandingsPage(
        rows=[
            StandingRow(
                student=each,
                has_handed_in=each.pk in authors,
                standing=decided.get(each.pk, ("", None))[0],
                cap=decided.get(each.pk, ("", None))[1],
                is_chosen=each.pk in chosen,
            )
            for each in people
        ],
    )
