"""Freezing the marks of a course for a board, and the end of it."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import structlog
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.models import User
from courses.frozen_marks import current_freeze
from courses.models import Assignment, Course, CourseChange, Enrolment, MarkFreeze
from courses.models.mark_freeze import LONGEST_BOARD
from courses.permissions import Right, can
from courses.services.access import require_right
from courses.services.changes import record_change
from grading.models import GradingRun, Mark
from grading.services.lateness import Owner
from grading.services.marks import (
    load_counting_runs,
    recompute_mark,
    record_changed_marks_of_course,
)

log = structlog.get_logger(__name__)
LEAST_MEMBERS: Final = 2


class BoardRefusedError(Exception):
    """What the board wants cannot be done. The message says why."""


def possible_members(course: Course) -> list[User]:
    """Return the people who manage marks in the course, ordered by name."""
    found = Enrolment.objects.active().filter(course=course).select_related("user")
    people = [row.user for row in found.order_by("user__last_name", "user__email")]
    return [each for each in people if can(each, Right.MANAGE_MARKS, course)]


@transaction.atomic
def freeze_marks(
    *, actor: User, course: Course, board: str, members: Collection[int]
) -> MarkFreeze:
    """Freeze the marks and totals of the course, and name the people of the board.

    `members` are ids of people. Raises PermissionDenied if the actor may not manage
    marks, and BoardRefusedError for fewer than two people, for somebody who does not
    manage marks, without a name, and if the marks are frozen already.
    """
    require_right(actor, Right.MANAGE_MARKS, course)
    name = board.strip()
    if not name or len(name) > LONGEST_BOARD:
        raise BoardRefusedError(
            f"Name the board, such as Board of 12 June, in at most {LONGEST_BOARD} "
            "characters."
        )
    people = [each for each in possible_members(course) if each.pk in members]
    if len(people) != len(set(members)) or len(people) < LEAST_MEMBERS:
        raise BoardRefusedError(
            "Choose at least two people who manage the marks of this course: one "
            "proposes a change, another one confirms it."
        )
    # Whoever edits what counts holds the course's row, too.
    Course.objects.select_for_update(no_key=True).get(pk=course.pk)
    if current_freeze(course) is not None:
        raise BoardRefusedError("The marks of this course are frozen already.")
    # Whoever changes a mark holds its row, so this waits until they have ended.
    marks = Mark.objects.filter(assignment__course=course)
    list(marks.select_for_update(of=("self",)).order_by("pk").only("pk"))
    try:
        with transaction.atomic():
            freeze = MarkFreeze.objects.create(
                course=course, board=name, frozen_at=Now(), frozen_by=actor
            )
    except IntegrityError as error:
        raise BoardRefusedError("The marks of this course are frozen already.") from (
            error
        )
    freeze.members.set(people)
    freeze.refresh_from_db()
    names = ", ".join(each.name for each in people)
    record_change(
        actor=actor,
        course=course,
        kind=CourseChange.Kind.RELEASE,
        summary=f"The marks are frozen for {name}. Only these change them: {names}.",
    )
    log.info("marks_frozen", course=course.pk, freeze=freeze.pk, person=actor.pk)
    return freeze


def is_member(person: User, freeze: MarkFreeze) -> bool:
    """Return whether the person decides about these frozen marks.

    A named person who does not manage marks any more does not.
    """
    named = freeze.members.filter(pk=person.pk).exists()
    return named and can(person, Right.MANAGE_MARKS, freeze.course)


def end_freeze(actor: User, freeze: MarkFreeze, why: str) -> None:
    """End the freeze: what finished meanwhile counts from here on.

    The board has decided it: see `grading.services.board`.
    """
    freeze.ended_at = Now()
    freeze.save(update_fields=["ended_at"])
    owners = _owners(freeze)
    _late_runs(freeze).update(is_after_freeze=False)
    reason = f"The freeze for {freeze.board} has ended: {why}"
    record_changed_marks_of_course(actor=actor, course=freeze.course, reason=reason)
    works, people = _loaded(owners)
    for assignment, student in owners:
        recompute_mark(
            actor=actor,
            assignment=works[assignment],
            student=people[student],
            reason=reason,
        )
    record_change(
        actor=actor,
        course=freeze.course,
        kind=CourseChange.Kind.RELEASE,
        summary=f"The freeze of the marks for {freeze.board} has ended.",
        reason=why,
    )
    log.info("freeze_ended", freeze=freeze.pk, person=actor.pk)


def _late_runs(freeze: MarkFreeze) -> QuerySet[GradingRun]:
    """Return the runs that finished while the marks were frozen."""
    runs = GradingRun.objects.of_submissions()
    return runs.filter(course=freeze.course_id, is_after_freeze=True)


def _owners(freeze: MarkFreeze) -> list[Owner]:
    work = ("submission__assignment", "submission__author")
    return list(_late_runs(freeze).order_by(*work).values_list(*work).distinct())


def _loaded(
    owners: Collection[Owner],
) -> tuple[dict[int, Assignment], dict[int, User]]:
    """Return the assignments with their courses, and the students, by their ids."""
    works = Assignment.objects.select_related("course")
    people = {student for _, student in owners}
    return works.in_bulk({work for work, _ in owners}), User.objects.in_bulk(people)


@dataclass(frozen=True, kw_only=True)
class ChangeOfEnd:
    """A mark that changes when the freeze ends. The points are None if there are none."""

    assignment: Assignment
    student: User
    before: Decimal | None
    after: Decimal | None


def preview_end(freeze: MarkFreeze) -> list[ChangeOfEnd]:
    """Return the marks that change when the freeze ends. Nothing is stored.

    The end is done and taken back again, so the preview is what will be.
    """
    owners = _owners(freeze)
    if not owners:
        return []
    with transaction.atomic():
        before = _points_by_owner(owners)
        _late_runs(freeze).update(is_after_freeze=False)
        after = _points_by_owner(owners)
        transaction.set_rollback(True)
    works, people = _loaded(owners)
    return [
        ChangeOfEnd(
            assignment=works[owner[0]],
            student=people[owner[1]],
            before=before[owner],
            after=after[owner],
        )
        for owner in owners
        if before[owner] != after[owner]
    ]


def _points_by_owner(owners: Collection[Owner]) -> dict[Owner, Decimal | None]:
    """Return what these students have now, also where no mark is stored yet."""
    rows = Mark.objects.filter(
        assignment__in={assignment for assignment, _ in owners},
        student__in={student for _, student in owners},
    )
    stored = {(row.assignment_id, row.student_id): row for row in rows}
    marks = [
        stored.get(owner) or Mark(assignment_id=owner[0], student_id=owner[1])
        for owner in owners
    ]
    return {
        (mark.assignment_id, mark.student_id): mark.known_points
        for mark in load_counting_runs(marks)
    }
