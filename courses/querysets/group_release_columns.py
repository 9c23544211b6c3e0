"""When the marks of a student's group come out, as a column."""

from typing import TYPE_CHECKING

from django.db.models import F, OuterRef, Subquery

if TYPE_CHECKING:
    from accounts.models import User


def group_release_of(
    student: "User | int | OuterRef", *, assignment: str = "pk"
) -> Subquery:
    """Return the column with the release to the student's group, or NULL.

    `student` is a person, or an OuterRef to one. `assignment` is the lookup from the row
    to its assignment. By convention the column is called `group_released_at`.
    """
    from courses.models import GroupRelease  # noqa: PLC0415  models import this module

    rows = GroupRelease.objects.filter(
        assignment=OuterRef(assignment),
        # One join: the code is that of this enrolment.
        assignment__course__enrolments__user=student,
        assignment__course__enrolments__module_code=F("module_code"),
    )
    return Subquery(rows.order_by().values("released_at")[:1])
