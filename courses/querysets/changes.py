"""Recorded changes that a person may read."""

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import OuterRef, Q, Subquery, Value

from courses.querysets.membership import STAFF, enrolled, released

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import CourseChange


class CourseChangeQuerySet(models.QuerySet["CourseChange"]):
    """Records of what was changed in courses."""

    def visible_to(self, user: "User") -> Self:
        """Return public changes of the person's courses; for staff, all of them."""
        if user.is_superuser:
            return self
        return self.filter(
            enrolled(user, "course", role__in=STAFF)
            | (
                enrolled(user, "course")
                & released("course__")
                & Q(is_public=True)
                & _concerns(user)
                & self._subject_is_released()
            )
        )

    def news_for(self, user: "User") -> Self:
        """Return the person's news: public changes, and none about other students."""
        return self.visible_to(user).filter(_concerns(user), is_public=True)

    def with_extension_of(self, user: "User") -> Self:
        """Annotate `extended_to`, the viewer's own deadline or None, and `viewer_id`."""
        from courses.models import Extension  # noqa: PLC0415  models import this module

        own = Extension.objects.filter(assignment=OuterRef("assignment"), student=user)
        return self.annotate(
            extended_to=Subquery(own.values("due_at")[:1]), viewer_id=Value(user.pk)
        )

    @staticmethod
    def _subject_is_released() -> Q:
        """Match changes whose subject is released; it may be hidden again by now."""
        is_released = Q()
        for about in ("session", "material", "assignment"):
            is_released &= Q(**{f"{about}__isnull": True}) | released(f"{about}__")
        return is_released


def _concerns(user: "User") -> Q:
    """Match changes for everybody, and those that concern this person alone."""
    return Q(student__isnull=True) | Q(student=user)
