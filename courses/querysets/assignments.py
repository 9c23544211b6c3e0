"""Assignments with the deadline and the attempts of one person."""

from typing import TYPE_CHECKING, Final, Self

from django.db import models
from django.db.models import Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce

from courses.hidden_work import work_is_hidden_from
from courses.querysets.content import ContentQuerySet
from courses.querysets.extra_time_columns import extra_time_of
from courses.querysets.group_release_columns import group_release_of
from courses.querysets.membership import (
    OVERSEERS,
    STAFF,
    enrolled,
    reads_all_work,
)

if TYPE_CHECKING:
    from accounts.models import User
    from courses.models import Assignment


# Whoever may see all work may see this assignment's.
_IS_OPEN: Final = Q(marking_is_anonymous=False, markers_see_own_only=False)


class AssignmentQuerySet(ContentQuerySet["Assignment"]):
    """Assignments of a course."""

    def with_work_seen_by(self, user: "User") -> Self:
        """Return the assignments of which the person sees everybody's work.

        This is outside the marking pages, which have a rule of their own. Who oversees
        a course sees all its work. Other staff do, unless the marking is anonymous or
        markers see only what they are given. Nobody does while it is hidden from them.
        """
        found = self.exclude(work_is_hidden_from(user))
        if user.is_superuser:
            return found
        return found.filter(
            reads_all_work(user, "course", OVERSEERS)
            | (reads_all_work(user, "course") & _IS_OPEN)
        )

    def with_marks_seen_by(self, user: "User") -> Self:
        """Return the assignments of which the person sees everybody's marks.

        It is the rule of `with_work_seen_by`, also for external examiners from whom the
        course hides names: they see whose marks these are by codes alone.
        """
        found = self.exclude(work_is_hidden_from(user))
        if user.is_superuser:
            return found
        return found.filter(
            enrolled(user, "course", role__in=OVERSEERS)
            | (enrolled(user, "course", role__in=STAFF) & _IS_OPEN)
        )

    def with_hiding_from(self, user: "User") -> Self:
        """Annotate whether the work is hidden from the person for now.

        `courses.permissions.is_work_hidden` then makes no query for this person.
        """
        hides = models.Case(
            models.When(work_is_hidden_from(user), then=Value(value=True)),
            default=Value(value=False),
            output_field=models.BooleanField(),
        )
        return self.annotate(
            hiding_viewer_id=Value(user.pk, models.BigIntegerField()), hides_work=hides
        )

    def with_extra_time_of(self, user: "User | int") -> Self:
        """Annotate `extra_time`: the person's ExtraTime. `user` may be their id."""
        return self.annotate(extra_time=extra_time_of(user))

    def with_group_release_of(self, user: "User") -> Self:
        """Annotate `group_released_at`: when the marks of the person's group come out."""
        return self.annotate(group_released_at=group_release_of(user))

    def with_attempts_of(self, user: "User") -> Self:
        """Annotate `attempts_used` and `has_handed_in` for the person.

        An attempt that waits for staff because of a fault of the portal is not used up.
        """
        counted = (
            self.model.objects.filter(
                pk=OuterRef("pk"),
                submissions__author=user,
                submissions__uses_attempt=True,
            )
            .order_by()
            .annotate(used=models.Count("submissions"))
        )
        handed_in = self.model.objects.filter(
            pk=OuterRef("pk"), submissions__author=user
        )
        return self.annotate(
            attempts_used=Coalesce(Subquery(counted.values("used")), Value(0)),
            has_handed_in=Exists(handed_in.order_by()),
        )
