"""Frozen marks: while a course has a freeze, only its board changes marks and totals.

Whatever writes a mark, or that from which totals follow, calls `require_not_frozen` in
its transaction, or is a `FrozenWithMarks` row. The error is answered in two places:
`portal.frozen_pages` for pages, and `courses.api.frozen_errors` for the API.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Final

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

    return MarkFreeze.objects.filter(course=course, ended_at=None).first()


def is_frozen(course: "Course | int | None") -> bool:
    """Return whether the marks of the course are frozen. One query."""
    from courses.models import MarkFreeze  # noqa: PLC0415  models import this module

    return MarkFreeze.objects.filter(course=course, ended_at=None).order_by().exists()


def require_not_frozen(course: "Course | int | None") -> None:
    """Raise MarksFrozenError if the marks of the course are frozen. One query."""
    if is_frozen(course):
        raise MarksFrozenError


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
        fields = self._frozen_among(update_fields)
        if fields and self._changes(fields):
            require_not_frozen(getattr(self, self.frozen_course))
        super().save(*args, update_fields=update_fields, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the row. Raises MarksFrozenError if totals follow from it."""
        if self.is_frozen_when_new:
            require_not_frozen(getattr(self, self.frozen_course))
        return super().delete(*args, **kwargs)

    def _frozen_among(self, names: Iterable[str] | None) -> list[str]:
        wanted = self.frozen_fields
        return (
            [*wanted] if names is None else [name for name in wanted if name in names]
        )

    def _changes(self, fields: list[str]) -> bool:
        """Return whether these fields differ from those that are stored."""
        if self._state.adding:
            return self.is_frozen_when_new
        if not is_frozen(getattr(self, self.frozen_course)):
            return False
        rows = type(self)._base_manager.filter(pk=self.pk)  # noqa: SLF001  Django's documented name
        stored = rows.values(*fields).first()
        now: dict[str, Any] = {name: self._meta.get_field(name) for name in fields}
        return stored is not None and any(
            stored[name] != field.to_python(getattr(self, field.attname))
            for name, field in now.items()
        )
