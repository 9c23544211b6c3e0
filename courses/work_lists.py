"""Lists of work that a person sees, found by indexes in tables of any size.

A list by time can be found in two ways. Either the rows of some courses are found and
then sorted: that takes as long as they are many. Or the index of times is walked until
a page is full: that takes long if the rows are few and old. Databases cannot know which
way is better, so the querysets here say it.
"""

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from django.db.models import Exists, F, OrderBy, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from accounts.models import User
from courses.models import Assignment, Course
from courses.permissions import own_or_in_staffed_courses

RowsT = TypeVar("RowsT", bound=QuerySet[Any])
# The work in so many courses is sorted. Of the work in more courses, some is new.
FEW_COURSES: Final = 5
_EVERY_ROW: Final = Q()


@dataclass(frozen=True, kw_only=True)
class StaffedKeys:
    """The keys of rows whose work a person sees as staff, and whether to sort."""

    keys: list[int]
    is_few: bool


def staffed_keys(
    user: User, rows: QuerySet[Any], *, assignment: str = ""
) -> StaffedKeys:
    """Return the keys of these rows whose work the person sees as staff. One query.

    The rows are assignments, or others that are few in a course, and `assignment` is
    the lookup to it. The person is not site staff, who see everything.
    """
    seen = Assignment.objects.with_work_seen_by(user).order_by()
    path = f"{assignment}__" if assignment else ""
    found = rows.filter(**{f"{path}pk__in": seen.values("pk")}).order_by()
    keys = list(found.values_list("pk", f"{path}course"))
    courses = {of_course for _, of_course in keys}
    return StaffedKeys(
        keys=[key for key, _ in keys], is_few=len(courses) <= FEW_COURSES
    )


def own_or_staffed(rows: RowsT, staffed: StaffedKeys, *, field: str, own: Q) -> RowsT:
    """Return the rows whose `field` is one of the keys, and the person's own."""
    if not staffed.keys:
        return rows.filter(own)
    if staffed.is_few:
        return rows.filter(Q(**{f"{field}__in": staffed.keys}) | own)
    return rows.alias(staffed_key=_unindexed(field)).filter(
        Q(staffed_key__in=staffed.keys) | own
    )


def listed_by_assignment(
    rows: RowsT, user: User, *, owner: str, own_if: Q = _EVERY_ROW
) -> tuple[RowsT, bool]:
    """Return what the person sees of rows with an assignment, and whether to sort.

    `owner` is the lookup of the person whose work it is. Of their own rows, the person
    sees those that `own_if` matches. One query.
    """
    if user.is_superuser:
        everything = own_or_in_staffed_courses(
            user, assignment="assignment", owner=owner
        )
        return rows.filter(everything), False
    staffed = staffed_keys(user, Assignment.objects.all())
    # Through the course, so that no table is joined: SQLite could begin with that table,
    # find every row and sort it.
    visible = Course.objects.visible_to(user).filter(assignments=OuterRef("assignment"))
    own = Q(**{owner: user}) & Q(Exists(visible))
    found = own_or_staffed(rows, staffed, field="assignment", own=own & own_if)
    return found, staffed.is_few


def in_order(*fields: str, is_sorted: bool) -> list[OrderBy]:
    """Return the order by these fields; a field with a hyphen is descending.

    If `is_sorted`, the database must find the rows first and then sort them.
    """
    return [
        OrderBy(
            _unindexed(field.removeprefix("-"))
            if is_sorted
            else F(field.removeprefix("-")),
            descending=field.startswith("-"),
        )
        for field in fields
    ]


def _unindexed(field: str) -> Coalesce:
    """Return the field as an expression, which no index serves."""
    return Coalesce(F(field), F(field))
