"""Marks that people enter: of an exam, a presentation, or work marked elsewhere."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import structlog
from django.db import transaction
from django.db.models.functions import Now

from accounts.actors import Actor, actor_user
from courses.models import Assignment, Enrolment
from courses.permissions import DECIDES_MARKS
from courses.services.access import require_right_at
from grading.models import Mark, MarkChange
from grading.services.mark_changes import ChangedMark, record_mark_changes
from grading.services.marks import last_recorded, load_counting_runs

log = structlog.get_logger(__name__)

ENTERED: Final = "Entered"
REMOVED: Final = "Entry removed"
LONGEST_REASON: Final = 1_000
_BATCH: Final = 500
_DECIMALS: Final = 2


@dataclass(frozen=True, kw_only=True)
class MarkEntry:
    """What somebody enters for a student by their id, and what they saw before.

    `points` is None to remove the mark, and `seen` is None if they saw none.
    """

    student: int
    points: Decimal | None
    seen: Decimal | None


@dataclass(frozen=True, kw_only=True)
class EntryConflict:
    """A mark that somebody else has changed since it was seen: `stored` holds now."""

    student: int
    stored: Decimal | None
    by: str
    at: dt.datetime | None

    @property
    def words(self) -> str:
        """What has happened, and what to do."""
        by = f" by {self.by}" if self.by else ""
        now = "removed" if self.stored is None else f"changed to {plain(self.stored)}"
        return (
            f"Meanwhile, this mark was {now}{by}. Save again to store what you entered, "
            "or leave what is there now."
        )


class EntriesRefusedError(Exception):
    """Nothing was stored. `faults` say for each student's id what to do."""

    def __init__(self, faults: Mapping[int, str]) -> None:
        super().__init__(" ".join(dict.fromkeys(faults.values())))
        self.faults = dict(faults)


class EntriesConflictError(Exception):
    """Nothing was stored, because some marks were changed since they were seen."""

    def __init__(self, conflicts: Sequence[EntryConflict]) -> None:
        super().__init__(" ".join(dict.fromkeys(each.words for each in conflicts)))
        self.conflicts = {each.student: each for each in conflicts}


class NotEnteredError(Exception):
    """The marks of this coursework come from what is handed in, and are not entered."""

    def __init__(self, assignment: Assignment) -> None:
        super().__init__(
            f"The marks of {assignment.title} come from what students hand in, so they "
            "cannot be entered."
        )


def plain(points: Decimal) -> str:
    """Return the points without zeros at the end, as people write them."""
    return f"{points.normalize():f}"


def points_fault(points: Decimal, out_of: Decimal) -> str:
    """Return why these are no points that can be entered, and what to do, or ''."""
    if not points.is_finite():
        return "Enter a number, such as 12.5."
    if points < 0:
        return "Enter 0 or more points."
    if points > out_of:
        return f"Enter at most {plain(out_of)} points."
    if points != round(points, _DECIMALS):
        return "Enter at most two decimals."
    return ""


@transaction.atomic
def enter_marks(
    *, actor: Actor, assignment: Assignment, entries: Sequence[MarkEntry], reason: str
) -> int:
    """Store what was entered for these students, and return how many marks changed.

    Each change is a MarkChange with the actor and the reason. All entries are stored, or
    none. Marks that are already what was entered do not change, whoever entered them.

    Raises PermissionDenied if the actor may neither mark the work nor manage marks,
    NotEnteredError if its marks are not entered, EntriesRefusedError for points that
    cannot be, or for people who are no students of the course, and EntriesConflictError
    if a mark is no longer the one that was seen.
    """
    require_right_at(actor, DECIDES_MARKS, assignment)
    # Whoever enters marks waits here for others, so that none is created twice, and the
    # possible points do not change.
    rows = Assignment.objects.select_for_update(of=("self",))
    locked = rows.select_related("course").get(pk=assignment.pk)
    if locked.marks_out_of is None:
        raise NotEnteredError(locked)
    if faults := _faults(locked, locked.marks_out_of, entries):
        raise EntriesRefusedError(faults)
    wanted = {each.student: each for each in entries}
    Mark.objects.bulk_create(
        _missing_marks(locked, entries), batch_size=_BATCH, ignore_conflicts=True
    )
    marks = list(
        Mark.objects.filter(assignment=locked, student__in=wanted)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    changed = [
        mark for mark in marks if mark.entered_points != wanted[mark.student_id].points
    ]
    conflicts = [
        mark for mark in changed if mark.entered_points != wanted[mark.student_id].seen
    ]
    if conflicts:
        raise EntriesConflictError(_conflicts(conflicts))
    _store(actor, changed, wanted, reason.strip())
    log.info(
        "marks_entered",
        assignment=locked.pk,
        marks=len(changed),
        person=user.pk if (user := actor_user(actor)) else None,
    )
    return len(changed)


def _faults(
    assignment: Assignment, out_of: Decimal, entries: Sequence[MarkEntry]
) -> dict[int, str]:
    students = enterable_students(assignment)
    faults = {}
    for each in entries:
        fault = "" if each.points is None else points_fault(each.points, out_of)
        if each.student not in students:
            fault = "This is no student of the course. Leave the line out."
        if fault:
            faults[each.student] = fault
    return faults


def enterable_students(assignment: Assignment) -> frozenset[int]:
    """Return for whom marks can be entered: the students, and those who have a mark.

    Two queries.
    """
    enrolled = Enrolment.objects.students().filter(course=assignment.course_id)
    marked = Mark.objects.filter(assignment=assignment, entered_points__isnull=False)
    return frozenset(enrolled.order_by().values_list("user", flat=True)) | frozenset(
        marked.order_by().values_list("student", flat=True)
    )


def _missing_marks(assignment: Assignment, entries: Sequence[MarkEntry]) -> list[Mark]:
    """Return the rows, not yet stored, of students who get their first mark."""
    given = {each.student for each in entries if each.points is not None}
    stored = Mark.objects.filter(assignment=assignment, student__in=given).order_by()
    known = set(stored.values_list("student", flat=True))
    return [
        Mark(assignment=assignment, student_id=student)
        for student in sorted(given - known)
    ]


def _conflicts(marks: Sequence[Mark]) -> list[EntryConflict]:
    rows = MarkChange.objects.filter(mark__in=marks).select_related("actor")
    # Of each mark, the last one stays.
    latest = {row.mark_id: row for row in rows.order_by("at", "pk")}
    found = []
    for mark in marks:
        change = latest.get(mark.pk)
        found.append(
            EntryConflict(
                student=mark.student_id,
                stored=mark.entered_points,
                by=change.actor.name if change and change.actor else "",
                at=change.at if change else None,
            )
        )
    return found


def _store(
    actor: Actor, marks: Sequence[Mark], wanted: Mapping[int, MarkEntry], reason: str
) -> None:
    """Store the points of these locked marks, with their history."""
    before = last_recorded(marks)
    for mark in marks:
        mark.entered_points = wanted[mark.student_id].points
    Mark.objects.bulk_update(marks, ["entered_points"], batch_size=_BATCH)
    stored = Mark.objects.filter(pk__in=[mark.pk for mark in marks])
    stored.update(updated_at=Now())
    record_mark_changes(
        actor,
        [
            ChangedMark(
                mark=mark,
                before=before.get(mark.pk),
                after=mark.final_points,
                reason=_reason(mark, reason),
            )
            for mark in load_counting_runs(marks)
        ],
    )


def _reason(mark: Mark, reason: str) -> str:
    verb = REMOVED if mark.entered_points is None else ENTERED
    return f"{verb}: {reason}" if reason else verb


def entered_points(
    assignment: Assignment, students: Collection[int] | None = None
) -> dict[int, Decimal]:
    """Return the points that are entered, by the student's id. One query."""
    marks = Mark.objects.filter(assignment=assignment, entered_points__isnull=False)
    if students is not None:
        marks = marks.filter(student__in=students)
    rows: Any = marks.order_by().values_list("student", "entered_points")
    return dict(rows)
