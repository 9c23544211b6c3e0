"""What an allocation changes, by marker and question; or would change, if it is tried."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from courses.models import Assignment
from grading.models import Stage
from grading.services.allocation import Allocated
from grading.services.given_answers import given_answers
from grading.services.marker_scope import EVERYTHING
from grading.services.marking_queue import WorkItem, load_marking_queue


@dataclass(frozen=True, kw_only=True)
class ChangedShare:
    """How many answers to a question a marker is given, before and after."""

    marker: User
    stage: Stage
    key: str
    before: int
    after: int


@dataclass(frozen=True, kw_only=True)
class AllocationPlan:
    """What was done, or would be, and whose shares it changes."""

    done: Allocated
    changes: tuple[ChangedShare, ...]


def apply_allocation(
    assignment: Assignment, act: Callable[[], Allocated], *, is_tried: bool
) -> AllocationPlan:
    """Do this, and return what it has changed; if it is tried alone, take it back.

    Who gets which answer is drawn at random, so a trial says how many. Raises what
    `act` raises.
    """
    # Outside of the transaction, so that codes of students who are new stay.
    items = load_marking_queue(assignment, EVERYTHING).items
    with transaction.atomic():
        before = _shares(assignment, items)
        done = act()
        after = _shares(assignment, items)
        transaction.set_rollback(is_tried)
    changed = [each for each in before | after if before[each] != after[each]]
    people = User.objects.in_bulk({marker for marker, _, _ in changed})
    changes = [
        ChangedShare(
            marker=people[marker],
            stage=Stage(stage),
            key=key,
            before=before[marker, stage, key],
            after=after[marker, stage, key],
        )
        for marker, stage, key in changed
    ]
    changes.sort(key=lambda row: (row.stage, row.key, row.marker.name.casefold()))
    return AllocationPlan(done=done, changes=tuple(changes))


def _shares(
    assignment: Assignment, items: tuple[WorkItem, ...]
) -> Counter[tuple[int, str, str]]:
    """Return the number of answers by marker, stage and question. One query."""
    first, second = given_answers(assignment)
    return Counter(
        (marker, stage.value, each.key)
        for stage, given in ((Stage.FIRST, first), (Stage.SECOND, second))
        for each in items
        for marker in given.markers(each.key, each.student)
    )
