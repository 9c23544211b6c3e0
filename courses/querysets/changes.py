"""Recorded changes that a person may read."""

from typing import TYPE_CHECKING, Final, Protocol, Self

from django.db import models
from django.db.models import Q, Value

from courses.querysets.extra_time_columns import extra_time_of
from courses.querysets.membership import (
    OVERSEERS,
    PEOPLE_MANAGERS,
    enrolled,
    reads_all_work,
    released,
)

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import CourseChange


class _WorkRule(Protocol):
    """The rule of when the portal no longer takes a student's own work."""

    def __call__(self, user: "User", *, assignment: str) -> Q: ...


_WORK_RULES: Final[list[_WorkRule]] = []


def on_work_taken(rule: _WorkRule) -> None:
    """Register the rule of when the portal no longer takes a student's own work.

    It matches rows whose assignment, at the given lookup, takes no work of theirs any
    more.
    """
    if rule not in _WORK_RULES:
        _WORK_RULES.append(rule)


class CourseChangeQuerySet(models.QuerySet["CourseChange"]):
    """Records of what was changed in courses."""

    def visible_to(self, user: "User") -> Self:
        """Return public changes of the person's courses; for staff, all of them.

        Of released marks a student reads once the release applies to them: not as long
        as the portal still takes their own work.

        SECURITY: accommodations, which can tell of a disability, and refused requests
        for an extension are for the student and those who manage the course's people.
        What concerns one student's work while markers do not see whose it is, is for
        those who oversee the course. External examiners from whom the course hides
        names read what students read.
        """
        if user.is_superuser:
            return self
        return self.filter(
            enrolled(user, "course", role__in=PEOPLE_MANAGERS)
            | (reads_all_work(user, "course", OVERSEERS) & ~_is_personal())
            | (reads_all_work(user, "course") & ~_is_personal() & ~_is_apart())
            | (
                enrolled(user, "course")
                & released("course__")
                & Q(is_public=True)
                & _concerns(user)
                & self._subject_is_released()
                & _is_told(user)
            )
        )

    def news_for(self, user: "User") -> Self:
        """Return the person's news: public changes, and none about other students."""
        return self.visible_to(user).filter(_concerns(user), is_public=True)

    def with_extra_time_of(self, user: "User") -> Self:
        """Annotate `extra_time`, the viewer's ExtraTime, and `viewer_id`."""
        return self.annotate(
            extra_time=extra_time_of(user, assignment="assignment"),
            viewer_id=Value(user.pk),
        )

    @staticmethod
    def _subject_is_released() -> Q:
        """Match changes whose subject is released; it may be hidden again by now."""
        is_released = Q()
        for about in ("session", "material", "assignment"):
            is_released &= Q(**{f"{about}__isnull": True}) | released(f"{about}__")
        return is_released


def _is_personal() -> Q:
    """Match changes that only those who manage people may read, and the student."""
    about_one = Q(kind="extension", student__isnull=False)
    return about_one & (Q(assignment__isnull=True) | Q(is_public=False))


def _is_apart() -> Q:
    """Match changes that say whose work it is while markers do not see that."""
    is_apart = Q(assignment__marking_is_anonymous=True) | Q(
        assignment__markers_see_own_only=True
    )
    return Q(student__isnull=False) & is_apart


def _is_told(user: "User") -> Q:
    """Match changes that say nothing of marks which this student does not see yet."""
    told = ~Q(kind="release")
    for rule in _WORK_RULES:
        told |= rule(user, assignment="assignment")
    return told


def _concerns(user: "User") -> Q:
    """Match changes for everybody, and those that concern this person alone."""
    return Q(student__isnull=True) | Q(student=user)
