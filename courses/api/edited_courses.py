"""What the API tells only those who manage the people of a course, and how rows say who they are."""

from typing import Any, TypeVar

from django.db.models import Exists, Model, OuterRef, QuerySet

from accounts.models import User
from courses.models import Course

RowT = TypeVar("RowT", bound=Model)


def with_is_edited(rows: QuerySet[RowT], user: User, *, course: str) -> Any:
    """Annotate `is_edited`: whether the person manages the people of the course.

    `course` is the lookup from the row.
    """
    edited = Course.objects.people_managed_by(user).filter(pk=OuterRef(course))
    return rows.annotate(is_edited=Exists(edited))


def is_edited(row: Any) -> bool:
    """Return whether the viewer manages the people of the course of a row from `with_is_edited`."""
    found: bool = row.is_edited
    return found


class GrantedFields:
    """Why and by whom something was granted.

    SECURITY: only those who manage the course's people are told. Rows are from `with_is_edited`.
    """

    def get_reason(self, row: Any) -> str | None:
        """Return the reason, for those who manage the people."""
        return row.reason if is_edited(row) else None

    def get_granted_by(self, row: Any) -> str | None:
        """Return who granted it, for those who manage the people."""
        return row.granted_by.name if is_edited(row) else None
