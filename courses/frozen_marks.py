"""Frozen marks: while a course has a freeze, only its board changes marks and totals.

Whatever writes a mark, or that from which totals follow, calls `require_not_frozen` in
its transaction, or is a `FrozenWithMarks` row. The error is answered in two places:
`portal.frozen_pages` for pages, and `courses.api.frozen_errors` for the API.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

from django.db import models

if TYPE_CHECKING:
    from courses.models import Course, MarkFreeze

FROZEN_CODE: Final = "marks_frozen"


class MarksFrozenError(Exception):
    """The marks of the course are frozen, so nothing was stored."""

    def __init__(self) -> None:
        super().__init__(
            "The marks of this course are frozen, so this cannot be changed now. "
            "Nothing was stored."
        )


def current_freeze(course: "Course | int") -> "MarkFreeze | None":
    """Return the freeze that holds in the course, or None. One query."""
    from courses.models import MarkFreeze  # noqa: PLC0415  models import this module

    return MarkFreeze.objects.current().filter(course=course).first()


def is_frozen(course: "Course | int | None") -> bool:
    """Return whether the marks of the course are frozen. One query."""
    from courses.models import MarkFreeze  # noqa: PLC0415  models import this module

    return MarkFreeze.objects.current().filter(course=course).exists()


def require_not_frozen(course: "Course | int | None") -> None:
    """Raise MarksFrozenError if the marks of the course are frozen. One query."""
    if is_frozen(course):
        raise MarksFrozenError


class MarkFreezeQuerySet(models.QuerySet["MarkFreeze"]):
    """Freezes of the marks of courses."""

    def current(self) -> Self:
        """Return the freezes that hold now, in no order."""
        return self.filter(ended_at=None).order_by()


class FrozenWithMarks(models.Model):
    """A row from which totals follow. What they follow from is frozen with the marks.

    `frozen_fields` are these fields, and `frozen_course` is the field with the course;
    a course is its own. `is_frozen_when_new` says whether a new row changes totals.
    """

    frozen_fields: ClassVar[tuple[str, ...]] = ()
    frozen_course: ClassVar[str] = "course_id"
    is_frozen_when_new: ClassVar[bool] = False

    class Meta:
        abstract = True

    def save(
        self, *args: Any, update_fields: Iterable[str] | None = None, **kwargs: Any
    ) -> None:
        """Store the row. Raises MarksFrozenError if that changes frozen totals."""
        if self._changes_frozen(update_fields):
            raise MarksFrozenError
        super().save(*args, update_fields=update_fields, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row. Raises MarksFrozenError if totals follow from it."""
        if self.is_frozen_when_new:
            require_not_frozen(getattr(self, self.frozen_course))
        return super().delete(*args, **kwargs)

    def _changes_frozen(self, update_fields: Iterable[str] | None) -> bool:
        """Return whether storing these fields, or all, changes what is frozen now."""
        fields = set(self.frozen_fields)
        if update_fields is not None:
            fields &= set(update_fields)
        is_new = self._state.adding
        if not fields or (is_new and not self.is_frozen_when_new):
            return False
        if not is_frozen(getattr(self, self.frozen_course)):
            return False
        return is_new or self._differs(fields)

    def _differs(self, names: Iterable[str]) -> bool:
        """Return whether these fields are not as they are stored."""
        rows = type(self)._base_manager.filter(pk=self.pk)  # noqa: SLF001  Django's documented name
        stored = rows.values(*names).first() or {}
        fields: dict[str, Any] = {name: self._meta.get_field(name) for name in stored}
        return any(
            stored[name] != field.to_python(getattr(self, field.attname))
            for name, field in fields.items()
        )
