"""Conditions that other querysets share: who is in a course, and what is released."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User

# The roles with Right.VIEW_MARKS. tests/courses/test_visibility.py compares these with
# the table in courses.permissions.
STAFF = ("assistant", "lecturer", "admin", "examiner")
# The roles with Right.EDIT.
EDITORS = ("lecturer",)
# The roles with Right.GRADE.
MARKERS = ("assistant", "lecturer")
# The roles with Right.MANAGE_PEOPLE.
PEOPLE_MANAGERS = ("lecturer", "admin")
# The roles with Right.OVERSEE.
OVERSEERS = ("lecturer", "admin", "examiner")
_SEES_NO_NAMES = Q(role="examiner", course__examiners_see_codes=True)


def enrolled(user: "User", outer: str, **conditions: object) -> Exists:
    """Match rows whose course, at `outer`, has the person as an active member."""
    from courses.models import Enrolment  # noqa: PLC0415  models import this module

    return Exists(
        Enrolment.objects.filter(
            course=OuterRef(outer), user=user, is_active=True, **conditions
        )
    )


def reads_all_work(user: "User", outer: str, roles: tuple[str, ...] = STAFF) -> Exists:
    """Match rows whose course, at `outer`, gives the person Right.VIEW_ALL_WORK.

    They do so in one of these roles. An external examiner does not where the course
    hides names from them.
    """
    from courses.models import Enrolment  # noqa: PLC0415  models import this module

    rows = Enrolment.objects.filter(
        course=OuterRef(outer), user=user, is_active=True, role__in=roles
    )
    return Exists(rows.exclude(_SEES_NO_NAMES))


def released(row: str = "") -> Q:
    """Match rows whose release time has come; `row` is a lookup that ends in `__`."""
    return Q(**{f"{row}release_at__lte": timezone.now()})
