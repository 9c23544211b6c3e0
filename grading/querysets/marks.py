"""Querysets of marks: what each person may see."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.lookups import IsNull

from courses.permissions import own_or_in_staffed_courses
from courses.work_lists import in_order, listed_by_assignment
from grading.querysets.released import out_for, released_to

if TYPE_CHECKING:
    from accounts.models import User
    from grading.models import Mark


def _is_known(user: "User") -> Q:
    """Match marks of which this person may know, if they are their own.

    SECURITY: before the release to this person, only a finished run tells it. A mark may also exist
    because a person has marked work without a run, or has decided for a student who
    handed in nothing.
    """
    from grading.models import GradingRun  # noqa: PLC0415  models import this module

    finished = (
        GradingRun.objects.that_may_count()
        .filter(
            submission__assignment=OuterRef("assignment"),
            submission__author=OuterRef("student"),
            state="finished",
        )
        .order_by()
    )
    # A student knows of a mark that is withheld from them.
    is_out = out_for(user, assignment="assignment")
    # Not with EXISTS: PostgreSQL would read all finished runs once, for the few rows of
    # one person.
    return is_out | Q(IsNull(Subquery(finished.values("pk")[:1]), rhs=False))


class MarkQuerySet(models.QuerySet["Mark"]):
    def visible_to(self, user: "User") -> Self:
        """Return the person's own marks, and all marks of courses that they staff.

        SECURITY: without their own marks of which they must not know.
        """
        return self.filter(
            own_or_in_staffed_courses(user, assignment="assignment", owner="student"),
            Q() if user.is_superuser else ~Q(student=user) | _is_known(user),
        )

    def excused(self) -> Self:
        """Return the marks of students for whom nothing counts."""
        return self.filter(standing="excused")

    def withheld(self) -> Self:
        """Return the marks that students are not told, also after the release."""
        return self.filter(standing="withheld")

    def told(self) -> Self:
        """Return the marks that are released to their students by now."""
        return self.filter(released_to(OuterRef("student"), assignment="assignment"))

    def excused_students(self, assignment: int) -> frozenset[int]:
        """Return who is excused from the assignment, by their ids. One query."""
        rows = self.excused().filter(assignment=assignment).order_by()
        return frozenset(rows.values_list("student", flat=True))

    def listed_for(self, user: "User") -> Self:
        """Return what `visible_to` does, by assignment, found by indexes. One query."""
        found, is_sorted = listed_by_assignment(
            self, user, owner="student", own_if=_is_known(user)
        )
        order = in_order("assignment_id", "student_id", is_sorted=is_sorted)
        return found.order_by(*order)
