"""The one place that writes the history of marks, and refuses while marks are frozen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models.functions import Now

from accounts.actors import Actor, actor_user
from courses.frozen_marks import MarksFrozenError
from courses.models import MarkFreeze
from grading.models import Mark, MarkChange

_BATCH: Final = 500


@dataclass(frozen=True, kw_only=True)
class ChangedMark:
    """A mark that has just changed, with its points before and after, and why.

    The points are None if there are none.
    """

    mark: Mark
    before: Decimal | None
    after: Decimal | None
    reason: str


def record_mark_changes(
    actor: Actor, changed: Iterable[ChangedMark], *, by_board: bool = False
) -> None:
    """Add a MarkChange for each of these marks, in the transaction that changed them.

    Raises MarksFrozenError if the marks of a course are frozen, so that the transaction
    stores nothing. Only what the board of a course has confirmed is `by_board`.
    """
    found = list(changed)
    if not by_board:
        _require_not_frozen([each.mark for each in found])
    user = actor_user(actor)
    MarkChange.objects.bulk_create(
        (
            MarkChange(
                mark=each.mark,
                at=Now(),
                actor=user,
                run=each.mark.run,
                before=each.before,
                after=each.after,
                reason=each.reason,
            )
            for each in found
        ),
        batch_size=_BATCH,
    )


def _require_not_frozen(marks: Sequence[Mark]) -> None:
    """Raise MarksFrozenError if one of these marks is frozen. One query, or none."""
    assignments = {mark.assignment_id for mark in marks}
    freezes = MarkFreeze.objects.current()
    if assignments and freezes.filter(course__assignments__in=assignments).exists():
        raise MarksFrozenError
