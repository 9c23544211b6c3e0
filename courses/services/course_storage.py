"""Services that change how much room a course's files may take, and for how long."""

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from accounts.actors import Actor
from courses.models import Course, CourseChange
from courses.permissions import Right
from courses.release_times import is_released
from courses.services.access import require_right
from courses.services.changes import record_change

STORAGE_FIELDS: Final = ("quota_mb", "weights_days")


@transaction.atomic
def save_storage_rule(*, actor: Actor, course: Course) -> None:
    """Store the course's quota and the days of its old weights, and nothing else.

    Raises PermissionDenied if the actor may not edit the course.
    """
    require_right(actor, Right.EDIT, course)
    stored = Course.objects.select_for_update().get(pk=course.pk)
    course.save(update_fields=STORAGE_FIELDS)
    record_storage_rule(actor=actor, before=stored, after=course)


def record_storage_rule(*, actor: Actor, before: Any, after: Course) -> None:
    """Record a changed rule. Students read what happens to their old weights.

    `before` is the stored course, or its row of a course file.
    """
    if before.weights_days != after.weights_days:
        record_change(
            actor=actor,
            course=after,
            kind=CourseChange.Kind.CONTENT,
            summary="The rule for old weights changed.",
            before=weights_words(before.weights_days),
            after=weights_words(after.weights_days),
            is_public=is_released(after.release_at, timezone.now()),
        )
    if before.quota_mb != after.quota_mb:
        record_change(
            actor=actor,
            course=after,
            kind=CourseChange.Kind.CONTENT,
            summary="The room for the files of each student changed.",
            before=_quota_words(before.quota_mb),
            after=_quota_words(after.quota_mb),
        )


def weights_words(days: int | None) -> str:
    """Return what happens to the weights of attempts that do not count."""
    if days is None:
        return "No weights are removed."
    after = "1 day" if days == 1 else f"{days} days"
    return (
        f"The weights of attempts that do not count are removed {after} after they were "
        "handed in. Results stay."
    )


def _quota_words(megabytes: int | None) -> str:
    return "the portal's own limit" if megabytes is None else f"{megabytes} MB"
