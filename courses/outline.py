"""A course as its page shows it: weeks in a line, materials by use, deadlines."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db.models import Prefetch

from accounts.models import User
from courses.deadlines import Deadline, deadline, is_late, is_open
from courses.models import Assignment, Course, Extension, Material, Week

SOON: Final = dt.timedelta(days=3)
WEEK: Final = dt.timedelta(days=7)
Kind = Material.Kind
# How a student uses each kind of material, in the order in which a week is worked.
USES: Final[dict[str, tuple[Kind, ...]]] = {
    "Watch": (Kind.RECORDING,),
    "Read": (Kind.NOTES, Kind.SLIDES, Kind.PAPER),
    "Practise": (Kind.TUTORIAL, Kind.NOTEBOOK),
    "Check yourself": (Kind.QUIZ,),
    "Links": (Kind.LINK,),
}


class Stage(StrEnum):
    """Where a piece of coursework is for one person. Words: deadline_badge.html."""

    HIDDEN = "hidden"
    OPEN = "open"
    SOON = "soon"
    LATE = "late"
    CLOSED = "closed"


class Tense(StrEnum):
    """Where a week lies from today."""

    PAST = "past"
    NOW = "now"
    FUTURE = "future"


@dataclass(frozen=True, kw_only=True)
class DueWork:
    """Coursework with the deadline that holds for one person."""

    assignment: Assignment
    deadline: Deadline
    stage: Stage
    is_extended: bool

    @property
    def is_past(self) -> bool:
        """Whether the deadline is behind."""
        return self.stage in (Stage.LATE, Stage.CLOSED)


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Materials that are used alike."""

    title: str
    materials: Sequence[Material]


@dataclass(frozen=True, kw_only=True)
class WeekEntry:
    """A week with what belongs to it; `due` is the work whose deadline is in it."""

    week: Week
    tense: Tense
    is_open: bool
    shelves: Sequence[Shelf]
    work: Sequence[DueWork]
    due: Sequence[DueWork]
    material_count: int

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show under the week's heading."""
        return not (self.material_count or self.work or self.week.summary)


@dataclass(frozen=True, kw_only=True)
class Outline:
    """Everything on a course's page; work with its deadline ahead comes first."""

    weeks: Sequence[WeekEntry]
    general: Sequence[Shelf]
    work: Sequence[DueWork]


def is_hidden(release_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether students do not see it yet."""
    return release_at is None or release_at > now


def stage_of(assignment: Assignment, deadline: Deadline, now: dt.datetime) -> Stage:
    """Return where the coursework is for somebody with this deadline."""
    if is_hidden(assignment.release_at, now):
        return Stage.HIDDEN
    if not is_open(deadline, now):
        return Stage.CLOSED
    if is_late(deadline, now):
        return Stage.LATE
    return Stage.SOON if deadline.due_at - now <= SOON else Stage.OPEN


def due_work(
    assignments: Iterable[Assignment], user: User, now: dt.datetime
) -> list[DueWork]:
    """Return the work with the person's own deadlines, the nearest first.

    The assignments come from `with_extensions_of`.
    """
    found = []
    for assignment in assignments:
        extensions = [e for e in assignment.extensions.all() if e.student_id == user.pk]
        own = deadline(
            due_at=assignment.due_at,
            closes_at=assignment.closes_at,
            grace_minutes=assignment.grace_minutes,
            extended_to=extensions[0].due_at if extensions else None,
        )
        found.append(
            DueWork(
                assignment=assignment,
                deadline=own,
                stage=stage_of(assignment, own, now),
                is_extended=own.due_at != assignment.due_at,
            )
        )
    return sorted(found, key=lambda work: work.deadline.due_at)


def extensions_of(user: User) -> "Prefetch[str]":
    """Return the prefetch that brings the person's own extensions. One query."""
    return Prefetch("extensions", Extension.objects.filter(student=user))


def shelve(materials: Iterable[Material]) -> list[Shelf]:
    """Return the materials by use, without empty shelves."""
    materials = list(materials)
    shelves = (
        Shelf(title=title, materials=[m for m in materials if m.kind in kinds])
        for title, kinds in USES.items()
    )
    return [shelf for shelf in shelves if shelf.materials]


def tense_of(week: Week, today: dt.date) -> Tense:
    """Return where the week lies from today."""
    if today < week.starts_on:
        return Tense.FUTURE
    return Tense.NOW if today < week.starts_on + WEEK else Tense.PAST


def week_to_open(weeks: Sequence[Week], today: dt.date) -> Week | None:
    """Return this week, or the next one, or the last one of a course that is over."""
    ahead = (week for week in weeks if today < week.starts_on + WEEK)
    return min(ahead, key=lambda week: week.starts_on, default=None) or (
        weeks[-1] if weeks else None
    )


def _due_on(work: DueWork, course: Course) -> dt.date:
    return work.deadline.due_at.astimezone(course.tz).date()


def belongs_to(work: DueWork, week: Week, course: Course) -> bool:
    """Whether the week shows this work: from its hand-out to its deadline.

    One deadline is one row, and every week in between reminds of it.
    """
    due_on = _due_on(work, course)
    given_at = work.assignment.release_at
    own = work.assignment.week
    given_on = given_at.astimezone(course.tz).date() if given_at else due_on
    first = own.starts_on if own else given_on - WEEK + dt.timedelta(days=1)
    return first <= week.starts_on <= due_on


def outline_of(course: Course, user: User, now: dt.datetime) -> Outline:
    """Return what the person sees of the course. Four queries, however many rows."""
    weeks = list(course.weeks.visible_to(user))
    materials = list(course.materials.visible_to(user))
    assignments = (
        course.assignments.visible_to(user)
        .select_related("week")
        .prefetch_related(extensions_of(user))
    )
    work = due_work(assignments, user, now)
    today = now.astimezone(course.tz).date()
    opened = week_to_open(weeks, today)
    shown = {week.pk for week in weeks}
    return Outline(
        weeks=[
            _entry(week, materials, work, course, today, is_open=week == opened)
            for week in weeks
        ],
        general=shelve(m for m in materials if m.week_id not in shown),
        work=sorted(work, key=lambda item: item.is_past),
    )


def _entry(
    week: Week,
    materials: Sequence[Material],
    work: Sequence[DueWork],
    course: Course,
    today: dt.date,
    *,
    is_open: bool,
) -> WeekEntry:
    own = [material for material in materials if material.week_id == week.pk]
    shown = [item for item in work if belongs_to(item, week, course)]
    return WeekEntry(
        week=week,
        tense=tense_of(week, today),
        is_open=is_open,
        shelves=shelve(own),
        work=shown,
        due=[item for item in shown if _due_on(item, course) < week.starts_on + WEEK],
        material_count=len(own),
    )
