"""Capping marks: the most that a student can have, in percent, with a reason."""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from courses.models import Assignment
from courses.permissions import Right
from courses.services.access import require_right
from grading.models import LONGEST_CAP_WORDS, Mark
from grading.services.mark_changes import ChangedMark, record_mark_changes
from grading.services.mark_standing import students_of

_MOST: Final = Decimal(100)


class CapRefusedError(Exception):
    """The cap cannot be stored. The message says why."""


@transaction.atomic
def set_caps(
    *,
    actor: User,
    assignment: Assignment,
    students: Collection[int],
    percent: Decimal | None,
    words: str,
    reason: str,
) -> int:
    """Cap the marks of these students, by their ids; return how many they are.

    `percent` is of the possible points, and None takes a cap back. `words` are the
    reason as the students read it with the release; `reason` stays in the history of
    each mark. Nothing is stored for anybody if it is refused for one. Raises
    PermissionDenied if the actor may not manage marks, CapRefusedError without words
    or a reason, or for a percentage that is none, and StandingRefusedError if somebody
    is no student of the course.
    """
    require_right(actor, Right.MANAGE_MARKS, assignment.course)
    if not reason.strip():
        raise CapRefusedError("Give a reason. It stays in the mark's history.")
    told = words.strip() if percent is not None else ""
    if percent is not None:
        _check(percent, told)
    people = students_of(assignment, students)
    Mark.objects.bulk_create(
        [Mark(assignment=assignment, student=each) for each in people],
        ignore_conflicts=True,
    )
    rows = Mark.objects.filter(assignment=assignment, student__in=people)
    for mark in rows.select_for_update(of=("self",)).order_by("pk"):
        if (mark.cap_percent, mark.cap_words) == (percent, told):
            continue
        before = mark.known_points
        mark.cap_percent, mark.cap_words, mark.updated_at = percent, told, Now()
        mark.save(update_fields=["cap_percent", "cap_words", "updated_at"])
        what = mark.cap.text if mark.cap else "No cap any more."
        changed = ChangedMark(
            mark=mark,
            before=before,
            after=mark.known_points,
            reason=f"{what} {reason.strip()}",
        )
        record_mark_changes(actor, [changed])
    return len(people)


def _check(percent: Decimal, words: str) -> None:
    """Raise CapRefusedError for a percentage that is none, or without words."""
    if not percent.is_finite() or not 0 <= percent <= _MOST:
        raise CapRefusedError("Give a percentage from 0 to 100.")
    if percent != round(percent, 2):
        raise CapRefusedError("Give a percentage with two decimals at most.")
    if not words:
        raise CapRefusedError("Say why, in words that the student reads.")
    if len(words) > LONGEST_CAP_WORDS:
        raise CapRefusedError(
            f"The words for the student have at most {LONGEST_CAP_WORDS} characters."
        )
