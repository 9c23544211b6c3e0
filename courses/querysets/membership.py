"""Conditions that other querysets share: who is in a course, and what is released."""

from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

if TYPE_CHECKING:
    from accounts.models import User

# The roles with Right.VIEW_ALL_WORK. tests/courses/test_visibility.py compares this
# with the table in courses.permissions.
STAFF = ("assistant", "lecturer")
# The roles with Right.EDIT.
EDITORS = ("lecturer",)


def enrolled(user: "User", outer: str, **conditions: object) -> Exists:
    """Match rows whose course, at `outer`, has the person as an active member."""
    from courses.models import Enrolment  # noqa: PLC0415  models import this module

    return Exists(
        Enrolment.objects.filter(
            course=OuterRef(outer), user=user, is_active=True, **conditions
        )
    )


def released(row: str = "") -> Q:
    """Match rows whose release time has come; `row` is a lookup that ends in `__`."""
    return Q(**{f"{row}release_at__lte": timezone.now()})
