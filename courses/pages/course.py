"""A course's page: its weeks, each with everything that belongs to it."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, cast

from django_stubs_ext import WithAnnotations

from courses.annotations import ViewedMaterial
from courses.models import Assignment, Course, Material, Session, Week
from courses.pages.due_assignments import DueAssignment, due_assignments
from courses.pages.material_items import (
    MaterialGroup,
    MaterialItem,
    attachments_for,
    group_by_use,
    material_item,
)
from courses.pages.session_items import SessionItem, session_item_of
from courses.pages.viewer import CourseViewer
from formats.choices import MaterialKind

WEEK: Final = dt.timedelta(days=7)


class Tense(StrEnum):
    """Whether a week is over, is this one, or is still to come."""

    PAST = "past"
    NOW = "now"
    FUTURE = "future"


@dataclass(frozen=True, kw_only=True)
class WeekEntry:
    """A week with what belongs to it.

    `assignments` is what the week shows; `due` is the part of it whose deadline is in
    this week.
    """

    week: Week
    tense: Tense
    is_open: bool
    session_items: Sequence[SessionItem]
    items: Sequence[MaterialItem]
    assignments: Sequence[DueAssignment]
    due: Sequence[DueAssignment]

    @cached_property
    def material_groups(self) -> Sequence[MaterialGroup]:
        """The materials that no session shows, grouped by use."""
        return group_by_use(self.items)

    @cached_property
    def all_items(self) -> Sequence[MaterialItem]:
        """Each material of the week once, wherever it is shown."""
        found = {item.material.pk: item for item in self.items}
        for session_item in self.session_items:
            for item in (*session_item.items, *_of_lectures(session_item)):
                found[item.material.pk] = item
        return list(found.values())

    @property
    def open_count(self) -> int:
        """The number of materials that can be ticked."""
        return sum(item.can_be_ticked for item in self.all_items)

    @property
    def done_count(self) -> int:
        """The number of materials that can be ticked and are."""
        return sum(item.can_be_ticked and item.is_done for item in self.all_items)

    @property
    def new_count(self) -> int:
        """The number of materials and assignments that are new to the viewer."""
        new_items = sum(item.is_new for item in self.all_items)
        return new_items + sum(work.is_new for work in self.assignments)

    @property
    def is_without_session(self) -> bool:
        """Whether the week has no session that takes place."""
        return all(each.session.is_cancelled for each in self.session_items)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show under the week's heading."""
        return not (
            self.session_items or self.items or self.assignments or self.week.summary
        )


@dataclass(frozen=True, kw_only=True)
class CoursePage:
    """Everything on a course's page. Assignments whose deadline is ahead come first."""

    weeks: Sequence[WeekEntry]
    items: Sequence[MaterialItem]
    assignments: Sequence[DueAssignment]

    @cached_property
    def general_materials(self) -> Sequence[MaterialGroup]:
        """The materials of no week, grouped by use."""
        return group_by_use(self.items)

    @property
    def next_session(self) -> SessionItem | None:
        """The session that comes next or is going on, or None."""
        ahead = [
            each
            for entry in self.weeks
            for each in entry.session_items
            if each.session.starts_at
            and not (each.is_over or each.session.is_cancelled)
        ]
        return min(ahead, key=_start, default=None)


def _start(session_item: SessionItem) -> dt.datetime:
    starts_at = session_item.session.starts_at
    assert starts_at is not None  # noqa: S101  for mypy: the caller has checked it
    return starts_at


def _of_lectures(session_item: SessionItem) -> Iterable[MaterialItem]:
    return (item for lecture in session_item.lectures for item in lecture.items)


def tense_of(week: Week, today: dt.date) -> Tense:
    """Return whether the week is past, current or future on this day."""
    if today < week.starts_on:
        return Tense.FUTURE
    return Tense.NOW if today < week.starts_on + WEEK else Tense.PAST


def week_to_open(weeks: Sequence[Week], today: dt.date) -> Week | None:
    """Return the current week, else the next, else the last one, if there is any."""
    ahead = (week for week in weeks if today < week.starts_on + WEEK)
    return min(ahead, key=lambda week: week.starts_on, default=None) or (
        weeks[-1] if weeks else None
    )


def _due_on(work: DueAssignment, course: Course) -> dt.date:
    return work.deadline.due_at.astimezone(course.tz).date()


def is_shown_in_week(work: DueAssignment, week: Week, course: Course) -> bool:
    """Return whether the week shows this assignment: from its hand-out to its deadline.

    Every week in between shows it too, as a reminder.
    """
    due_on = _due_on(work, course)
    given_at = work.assignment.release_at
    own = work.assignment.week
    given_on = given_at.astimezone(course.tz).date() if given_at else due_on
    first = own.starts_on if own else given_on - WEEK + dt.timedelta(days=1)
    return first <= week.starts_on <= due_on


def course_page(viewer: CourseViewer, now: dt.datetime) -> CoursePage:
    """Return what the viewer sees of the course. Six queries, however many rows."""
    course, user = viewer.course, viewer.user
    weeks = list(Week.objects.shown_to(viewer))
    materials = Material.objects.shown_to(viewer).for_viewer(user)
    items = [
        material_item(material, viewer, now)
        for material in materials.prefetch_related(attachments_for(viewer))
    ]
    work = due_assignments(_assignments(viewer), now, since=viewer.since)
    session_items = _session_items(viewer, now, items)
    today = now.astimezone(course.tz).date()
    opened = week_to_open(weeks, today)
    shown_elsewhere = _shown_in_sessions(session_items)
    loose = [item for item in items if item.material.pk not in shown_elsewhere]
    entries = [
        WeekEntry(
            week=week,
            tense=tense_of(week, today),
            is_open=week == opened,
            session_items=session_items.get(week.pk, ()),
            items=[item for item in loose if week.pk in _weeks_of(item)],
            assignments=(
                shown := [w for w in work if is_shown_in_week(w, week, course)]
            ),
            due=[w for w in shown if _due_on(w, course) < week.starts_on + WEEK],
        )
        for week in weeks
    ]
    known = {week.pk for week in weeks}
    return CoursePage(
        weeks=entries,
        items=[item for item in loose if not known & _weeks_of(item)],
        assignments=sorted(work, key=lambda each: each.is_past),
    )


def _assignments(viewer: CourseViewer) -> Sequence[Assignment]:
    """Return the viewer's assignments with their deadlines and attempts. One query."""
    rows = Assignment.objects.shown_to(viewer).with_extra_time_of(viewer.user)
    rows = rows.with_attempts_of(viewer.user).select_related("week", "component")
    found = list(rows)
    for assignment in found:
        assignment.course = viewer.course
    return found


def _weeks_of(item: MaterialItem) -> set[int]:
    """Return the ids of the weeks that show the item: its own and the others."""
    row = cast("WithAnnotations[Material, ViewedMaterial]", item.material)
    return {item.material.week_id or 0, *(row.other_weeks or ())}


def _session_items(
    viewer: CourseViewer, now: dt.datetime, items: Sequence[MaterialItem]
) -> Mapping[int, Sequence[SessionItem]]:
    """Return the sessions by the id of their week, in order of time. Two queries."""
    sessions = Session.objects.shown_to(viewer).with_teaching()
    of_lecture: dict[int, list[MaterialItem]] = defaultdict(list)
    of_session: dict[int, list[MaterialItem]] = defaultdict(list)
    for item in items:
        if item.material.lecture_id and item.material.kind == MaterialKind.RECORDING:
            of_lecture[item.material.lecture_id].append(item)
        if item.material.session_id:
            of_session[item.material.session_id].append(item)
    found: dict[int, list[SessionItem]] = defaultdict(list)
    for session in sorted(sessions, key=_order):
        found[session.week_id].append(
            session_item_of(
                session, now=now, of_lecture=of_lecture, of_session=of_session
            )
        )
    return found


def _order(session: Session) -> tuple[bool, float, int]:
    """Return the sort key of a session: those without a time first, then by time."""
    starts_at = session.starts_at
    return (
        starts_at is not None,
        starts_at.timestamp() if starts_at else 0,
        session.position,
    )


def _shown_in_sessions(session_items: Mapping[int, Sequence[SessionItem]]) -> set[int]:
    """Return the ids of materials that sessions show, so that no group repeats them."""
    return {
        item.material.pk
        for week in session_items.values()
        for session_item in week
        for item in (*session_item.items, *_of_lectures(session_item))
    }
