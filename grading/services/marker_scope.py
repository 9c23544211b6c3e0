"""What a person may mark in an assignment, and whether they see names there."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right, rights_in
from grading.models import MarkerAllocation, Stage


@dataclass(frozen=True, kw_only=True)
class MarkerScope:
    """What one person may mark in an assignment.

    `person` is their id, or None if the scope is nobody's.
    `given` are their allocations as (stage, key, student), with an empty key for all
    questions and None for all students. `sees_names` is false for everybody, whatever
    their role, while the marking is anonymous: it is about the marking pages alone.
    """

    may_mark: bool
    may_edit: bool
    sees_names: bool
    sees_own_only: bool
    given: frozenset[tuple[str, str, int | None]]
    person: int | None = None

    def includes(self, key: str, student: int, stage: str = Stage.FIRST) -> bool:
        """Return whether the person may see and mark this question of this student.

        A second marking is for those to whom it is allocated. An agreed marking is for
        those to whom either is allocated, and for those who may edit the course.
        """
        if not self.may_mark:
            return False
        if stage == Stage.SECOND:
            return self.is_given(key, student, Stage.SECOND)
        is_given = self.is_given(key, student, Stage.FIRST)
        if stage == Stage.AGREED:
            is_second = self.is_given(key, student, Stage.SECOND)
            return self.may_edit or is_given or is_second
        return is_given or not self.sees_own_only

    def may_agree(self, key: str, student: int, markers: Collection[int]) -> bool:
        """Return whether the person may agree on what these two have marked.

        The two may do it also without an allocation, unless they see only what they
        are given.
        """
        if self.includes(key, student, Stage.AGREED):
            return True
        return self.may_mark and not self.sees_own_only and self.person in markers

    @property
    def is_second_marker(self) -> bool:
        """Whether a second marking is allocated to the person."""
        return any(stage == Stage.SECOND for stage, _, _ in self.given)

    def may_mark_some_of(self, key: str) -> bool:
        """Return whether the person may mark some answers to this question."""
        is_given = any(each in (key, "") for _, each, _ in self.given)
        return self.may_mark and (is_given or not self.sees_own_only)

    def is_given(self, key: str, student: int, stage: str) -> bool:
        """Return whether this question of this student is allocated to the person."""
        return any(
            (stage, each, who) in self.given
            for each in (key, "")
            for who in (student, None)
        )


def marker_scope(user: User, assignment: Assignment) -> MarkerScope:
    """Return what the person may mark in the assignment. Two queries at most."""
    rights = rights_in(user, assignment.course)
    rows = MarkerAllocation.objects.filter(assignment=assignment, marker=user)
    may_edit = Right.EDIT in rights
    return MarkerScope(
        person=user.pk,
        may_mark=Right.GRADE in rights,
        may_edit=may_edit,
        sees_names=not assignment.marking_is_anonymous,
        sees_own_only=assignment.markers_see_own_only and not may_edit,
        given=frozenset(
            rows.order_by().values_list("stage", "key", "student")
            if Right.GRADE in rights
            else ()
        ),
    )


# The scope of what organises the marking of all work, and shows none of it.
EVERYTHING: Final = MarkerScope(
    may_mark=True,
    may_edit=True,
    sees_names=True,
    sees_own_only=False,
    given=frozenset(),
)
