"""Marking by hand: storing what a person gave for a question of an attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.actors import actor_user
from accounts.models import User
from courses.models import Enrolment, Rubric, RubricItem
from courses.permissions import Right
from courses.services.access import require_right
from formats.assignment.rubric import Choose
from formats.choices import Role
from grading.models import CellComment, Marking, MarkingChange, Stage
from grading.models.markings import LONGEST_COMMENT
from grading.services.commented_cells import check_commented_cells
from grading.services.marking_refused import MarkingRefusedError
from grading.services.marks import recompute_mark
from submissions.models import Submission

log = structlog.get_logger(__name__)

MOST_ADJUSTMENT: Final = Decimal(99_999)
_CENTS: Final = Decimal("0.01")
MOST_CELL_COMMENTS: Final = 200


class MarkingConflictError(Exception):
    """The marking was changed since it was read. Nothing has changed now.

    `marking` is the stored one, or None if it was removed. The `actor` may have changed
    it themselves, elsewhere. `for_programs` are words for a program, which has no page
    to look at.
    """

    def __init__(self, marking: Marking | None, actor: User) -> None:
        self.marking = marking
        marker = marking.marker if marking else None
        by = f"{marker.name} has" if marker else "Somebody else has"
        by = "You have" if marker == actor else by
        elsewhere = ", in another window" if marker == actor else ""
        self.summary = f"{by} changed this marking since you opened it{elsewhere}."
        self.for_programs = (
            f"{by} changed this marking since the version that you sent. Nothing was "
            "stored. Read it again, and send its present version with your own marking."
        )
        super().__init__(
            f"{self.summary} Your change was not "
            "stored. Look at the marking as it is now, and mark again."
        )


@dataclass(frozen=True, kw_only=True)
class MarkingTarget:
    """What is marked: a question of an attempt, or of a student without a submission."""

    rubric: Rubric
    student: User
    submission: Submission | None = None
    stage: Stage = Stage.FIRST

    def stored(self) -> Any:
        """Return the markings of this target: one, or none."""
        return Marking.objects.filter(
            rubric=self.rubric,
            student=self.student,
            submission=self.submission,
            stage=self.stage,
        )


@dataclass(frozen=True, kw_only=True)
class GivenMarking:
    """What a person gives: items by their ids, points, and words."""

    items: frozenset[int] = frozenset()
    adjustment: Decimal = Decimal(0)
    comment: str = ""
    cell_comments: Mapping[int, str] = field(default_factory=dict)
    is_finished: bool = True


@transaction.atomic
def save_marking(
    *,
    actor: User,
    target: MarkingTarget,
    given: GivenMarking,
    version: int,
    reason: str = "",
) -> Marking:
    """Store the marking, and let the mark follow. Return the marking.

    `version` is that of the marking which the actor has seen, and 0 if there was none.
    `reason` stays in the history.
    Raises PermissionDenied if the actor may not mark in the course, MarkingRefusedError
    if something given is wrong, and MarkingConflictError if the marking has another
    version by now.
    """
    require_right(actor, Right.GRADE, target.rubric.assignment.course)
    # Before anything is locked, since it reads a file.
    check_commented_cells(
        target.submission,
        given.cell_comments,
        known=CellComment.objects.filter(
            marking__rubric=target.rubric,
            marking__student=target.student,
            marking__submission=target.submission,
        ),
    )
    target = replace(target, rubric=_locked_rubric(target.rubric))
    _check_target(target)
    items = _checked_items(target.rubric, given)
    _check_words(given)
    marking = _locked(actor, target, version)
    before = _state_of(marking) if version else {}
    marking.marker = actor_user(actor)
    # As the database returns it: otherwise 0 and 0.00 would be a change.
    marking.adjustment = given.adjustment.quantize(_CENTS) + 0
    marking.comment = given.comment
    marking.is_finished = given.is_finished
    marking.save(update_fields=["marker", "adjustment", "comment", "is_finished"])
    marking.items.set(items)
    _store_cell_comments(marking, given.cell_comments)
    _record(actor, marking, before, reason=reason)
    return marking


def remove_marking(
    *, actor: User, target: MarkingTarget, version: int, reason: str = ""
) -> None:
    """Make the marking an empty draft, so that the question waits for a marker again.

    What it was stays in its history. Raises as `save_marking` does.
    """
    draft = GivenMarking(is_finished=False)
    save_marking(
        actor=actor, target=target, given=draft, version=version, reason=reason
    )


def taken_over(source: Marking, rubric: Rubric) -> GivenMarking:
    """Return what another marking gave, for a target with this rubric.

    The items of another rubric are found by their words and points. If one of them has
    no counterpart, the result is a draft, so that a person looks at it.
    """
    chosen = list(source.items.all())
    own = {
        (item.text, item.points): item.pk
        for item in RubricItem.objects.filter(group__rubric=rubric)
    }
    found = [own.get((item.text, item.points)) for item in chosen]
    is_whole = None not in found and source.rubric.points == rubric.points
    return GivenMarking(
        items=frozenset(key for key in found if key is not None),
        adjustment=source.adjustment,
        comment=source.comment,
        is_finished=source.is_finished and is_whole,
    )


def _locked_rubric(rubric: Rubric) -> Rubric:
    """Return the rubric as it is now. Nobody changes it until the marking is stored.

    The order of locks is that of `lock_rubrics`. A new mark takes a key of the
    assignment's row, which none of those who wait for a rubric locks against it.
    """
    rows = Rubric.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("assignment__course").get(pk=rubric.pk)


def _check_target(target: MarkingTarget) -> None:
    assignment, submission = target.rubric.assignment, target.submission
    if submission is not None:
        owner = (submission.assignment_id, submission.author_id)
        if owner != (assignment.pk, target.student.pk):
            raise MarkingRefusedError(
                "This work was handed in by another student, or for another assignment."
            )
        return
    is_student = Enrolment.objects.filter(
        course=assignment.course_id, user=target.student, role=Role.STUDENT
    )
    if not is_student.exists():
        # SECURITY: no name. The marking may be anonymous.
        raise MarkingRefusedError("This person is no student of the course.")


def _checked_items(rubric: Rubric, given: GivenMarking) -> list[RubricItem]:
    items = list(
        RubricItem.objects.filter(
            group__rubric=rubric, pk__in=given.items
        ).select_related("group")
    )
    if len(items) != len(given.items):
        raise MarkingRefusedError(
            "An item is no longer in the rubric. Load the page again, and mark again.",
            for_programs="An item is not in the rubric of this question now. Read the "
            "rubric again, and send the ids of its items.",
        )
    seen: set[int] = set()
    for item in items:
        if item.group_id in seen and item.group.choose == Choose.ONE:
            raise MarkingRefusedError(f"Choose one item of “{item.group}” only.")
        seen.add(item.group_id)
    return items


def _check_words(given: GivenMarking) -> None:
    adjustment = given.adjustment
    most = MOST_ADJUSTMENT
    if not adjustment.is_finite() or not -most <= adjustment <= most:
        raise MarkingRefusedError(f"Add or take at most {MOST_ADJUSTMENT} points.")
    if adjustment != round(adjustment, 2):
        raise MarkingRefusedError("Give points with two decimals at most.")
    words = [given.comment, *given.cell_comments.values()]
    if max(map(len, words)) > LONGEST_COMMENT:
        raise MarkingRefusedError(
            f"A comment may have {LONGEST_COMMENT} characters at most."
        )
    if len(given.cell_comments) > MOST_CELL_COMMENTS:
        raise MarkingRefusedError(
            f"Give comments at {MOST_CELL_COMMENTS} cells at most."
        )
    if any(cell < 1 for cell in given.cell_comments):
        raise MarkingRefusedError("Cells are numbered from 1.")


def _locked(actor: User, target: MarkingTarget, version: int) -> Marking:
    """Return the target's marking with its next version, locked.

    Raises MarkingConflictError if it has not this version now.
    """
    changed = (
        target.stored()
        .filter(version=version)
        .update(version=F("version") + 1, updated_at=Now())
    )
    if version and not changed:
        raise _conflict(actor, target)
    if not version:
        try:
            with transaction.atomic():
                return Marking.objects.create(
                    rubric=target.rubric,
                    student=target.student,
                    submission=target.submission,
                    stage=target.stage,
                    marker=actor_user(actor),
                )
        except IntegrityError:
            raise _conflict(actor, target) from None
    marking: Marking = target.stored().select_related("rubric__assignment").get()
    return marking


def _conflict(actor: User, target: MarkingTarget) -> MarkingConflictError:
    stored = target.stored().select_related("marker")
    return MarkingConflictError(stored.first(), actor)


def _store_cell_comments(marking: Marking, given: Mapping[int, str]) -> None:
    marking.cell_comments.all().delete()
    CellComment.objects.bulk_create(
        CellComment(marking=marking, cell=cell, text=text)
        for cell, text in sorted(given.items())
        if text.strip()
    )


def _state_of(marking: Marking) -> dict[str, Any]:
    """Return the marking as plain data, for its history."""
    items = list(marking.items.order_by("pk"))
    rules = marking.rubric.rules()
    points = rules.earned({item.pk for item in items}, marking.adjustment)
    return {
        "items": [
            {"id": item.pk, "text": item.text, "points": str(item.points)}
            for item in items
        ],
        "adjustment": str(marking.adjustment),
        "comment": marking.comment,
        "cells": {str(each.cell): each.text for each in marking.cell_comments.all()},
        "points": str(points) if marking.is_finished else None,
    }


def _record(actor: User, marking: Marking, before: dict[str, Any], reason: str) -> None:
    """Add the change to the marking's history, and let the mark follow."""
    after = _state_of(marking)
    if before == after:
        return
    MarkingChange.objects.create(
        marking=marking,
        actor=actor_user(actor),
        before=before,
        after=after,
        reason=reason,
    )
    rubric = marking.rubric
    was, now = before.get("points"), after["points"]
    if was == now:
        return
    recompute_mark(
        actor=actor,
        assignment=rubric.assignment,
        student=marking.student,
        reason=f"Question “{rubric.key}” marked by hand: "
        f"{'no points yet' if was is None else was} → "
        f"{'no points yet' if now is None else now}."
        + (f" {reason}" if reason else ""),
    )
    log.info(
        "question_marked",
        rubric=rubric.pk,
        marking=marking.pk,
        marker=actor.pk,
        finished=marking.is_finished,
    )
