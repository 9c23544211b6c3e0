"""The list of what staff have to do in a course, in words."""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, Subquery
from django.urls import reverse

from courses.models import (
    Assignment,
    Attachment,
    Component,
    Course,
    ExtensionRequest,
    Material,
    Session,
    Week,
)
from courses.models.texts import texts_of
from courses.permissions import STAFF_ROLES
from courses.release_times import is_released
from courses.wall_clock import start_of_day
from formats.choices import Role, Split

SOON: Final = dt.timedelta(days=7)
_WHOLE: Final = Decimal(100)


@dataclass(frozen=True, kw_only=True)
class TodoRow:
    """A row that an item is about. `address` is the page that edits it."""

    label: str
    address: str
    in_admin: bool = True


@dataclass(frozen=True, kw_only=True)
class TodoItem:
    """Something to do, why, and the rows that it is about."""

    title: str
    why: str
    rows: tuple[TodoRow, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PeopleCount:
    """The number of people in the course."""

    students: int
    staff: int


@dataclass(frozen=True, kw_only=True)
class CourseRows:
    """All rows that an item may be about."""

    weeks: Sequence[Week]
    sessions: Sequence[Session]
    materials: Sequence[Material]
    assignments: Sequence[Assignment]
    components: Sequence[Component]


def count_people(course: Course) -> PeopleCount:
    """Return how many students and staff are in the course. One query."""
    counts = course.enrolments.active().aggregate(
        students=Count("pk", filter=Q(role=Role.STUDENT)),
        staff=Count("pk", filter=Q(role__in=STAFF_ROLES)),
    )
    return PeopleCount(**counts)


def todo_items(course: Course, now: dt.datetime) -> list[TodoItem]:
    """Return what staff have to do in the course, most urgent first. Five queries."""
    course_rows = _course_rows(course)
    return [
        *_requests(course, course_rows.assignments),
        *_regrade_requests(course, course_rows.assignments),
        *_unreleased(course, course_rows, now),
        *_unpublished(course_rows.assignments),
        *_without_time_or_place(course_rows.sessions),
        *_empty(course_rows.materials),
        *share_problems(
            course_rows.components,
            course_rows.assignments,
            texts_of(course.module_codes),
        ),
    ]


def _course_rows(course: Course) -> CourseRows:
    files = Attachment.objects.filter(material=OuterRef("pk"))
    sessions = course.sessions.select_related("week")
    materials = course.materials.annotate(has_attachments=Exists(files))
    is_open = Q(extension_requests__state=ExtensionRequest.State.OPEN)
    assignments = course.assignments.select_related("component").annotate(
        open_requests=Count("extension_requests", filter=is_open),
        open_regrades=_open_regrades(),
    )
    return CourseRows(
        weeks=tuple(course.weeks.all()),
        sessions=tuple(sessions),
        materials=tuple(materials),
        assignments=tuple(assignments),
        components=tuple(course.components.all()),
    )


def _rows(
    rows: Iterable[Week | Session | Material | Assignment],
) -> tuple[TodoRow, ...]:
    return tuple(
        TodoRow(
            label=str(row),
            address=reverse(
                f"admin:courses_{type(row).__name__.lower()}_change", args=[row.pk]
            ),
        )
        for row in rows
    )


# --- Release ------------------------------------------------------------------


def _unreleased(
    course: Course, course_rows: CourseRows, now: dt.datetime
) -> Iterator[TodoItem]:
    """Yield what students need in the next seven days and will not see in time."""
    weeks = {
        week.pk: start_of_day(week.starts_on, course.tz) for week in course_rows.weeks
    }
    soon = {pk for pk, begins in weeks.items() if now - SOON < begins <= now + SOON}
    if not is_released(course.release_at, now + SOON) and soon:
        yield TodoItem(
            title="Students do not see the course",
            why="The course is hidden, and one of its weeks begins within seven days.",
        )
    late: list[Week | Session | Material | Assignment] = [
        *_late_weeks(course_rows.weeks, weeks, soon),
        *_late_sessions(course_rows.sessions, now),
        *_late_materials(course_rows.materials, soon),
        *_late_assignments(course_rows.assignments, now),
    ]
    if late:
        yield TodoItem(
            title=f"{_count(len(late), 'item')} of the next seven days "
            f"{'is' if len(late) == 1 else 'are'} hidden",
            why="Students will not see this in time. Set a release time.",
            rows=_rows(late),
        )


def _late_weeks(
    weeks: Iterable[Week], begins: dict[int, dt.datetime], soon: set[int]
) -> Iterator[Week]:
    for week in weeks:
        in_time = is_released(week.release_at, begins[week.pk] + dt.timedelta(days=1))
        if week.pk in soon and not in_time:
            yield week


def _late_sessions(sessions: Iterable[Session], now: dt.datetime) -> Iterator[Session]:
    for session in sessions:
        at = session.starts_at
        if at is None or session.is_cancelled or not now < at <= now + SOON:
            continue
        if not is_released(session.release_at, at):
            yield session


def _late_materials(
    materials: Iterable[Material], soon: set[int]
) -> Iterator[Material]:
    for row in materials:
        if row.week_id in soon and row.release_at is None:
            yield row


def _late_assignments(
    assignments: Iterable[Assignment], now: dt.datetime
) -> Iterator[Assignment]:
    for row in assignments:
        if now < row.due_at <= now + SOON and not is_released(row.release_at, now):
            yield row


def _requests(course: Course, assignments: Iterable[Assignment]) -> Iterator[TodoItem]:
    """Yield the open requests for extensions, without names."""
    count = sum(getattr(row, "open_requests", 0) for row in assignments)
    if count:
        address = reverse("grading:extension-requests", args=[course.slug])
        yield TodoItem(
            title=_count(count, "open request") + " for extensions",
            why="Students wait for an answer.",
            rows=(TodoRow(label="Requests", address=address, in_admin=False),),
        )


def _open_regrades() -> Subquery:
    """Return how many regrade requests of an assignment are open, or null if none is.

    They belong to an app above this one, which gives the relation its name.
    """
    found = (
        Assignment.objects.filter(
            pk=OuterRef("pk"), submissions__regrade_requests__state="open"
        )
        .order_by()
        .values("pk")
        .annotate(number=Count("submissions__regrade_requests"))
    )
    return Subquery(found.values("number"))


def _regrade_requests(
    course: Course, assignments: Iterable[Assignment]
) -> Iterator[TodoItem]:
    """Yield the open regrade requests, without names: one row for each assignment."""
    found = [row for row in assignments if getattr(row, "open_regrades", None)]
    if found:
        count = sum(getattr(row, "open_regrades", 0) for row in found)
        yield TodoItem(
            title=_count(count, "open regrade request"),
            why="Students wait for an answer.",
            rows=tuple(
                TodoRow(
                    label=row.title,
                    address=reverse(
                        "grading:regrade-requests", args=[course.slug, row.slug]
                    ),
                    in_admin=False,
                )
                for row in found
            ),
        )


# --- What is missing ----------------------------------------------------------


def _unpublished(assignments: Iterable[Assignment]) -> Iterator[TodoItem]:
    rows = [
        row
        for row in assignments
        if row.revision_id is None and not row.has_entered_marks
    ]
    if rows:
        yield TodoItem(
            title=f"{_count(len(rows), 'assignment')} without a published revision",
            why="Students cannot hand in until a revision is published.",
            rows=tuple(
                TodoRow(label=row.title, address=_staff_page(row), in_admin=False)
                for row in rows
            ),
        )


def _staff_page(assignment: Assignment) -> str:
    return reverse(
        "grading:assignment-staff", args=[assignment.course.slug, assignment.slug]
    )


def _without_time_or_place(sessions: Iterable[Session]) -> Iterator[TodoItem]:
    rows = [
        row
        for row in sessions
        if not row.is_cancelled
        and (row.starts_at is None or not (row.room_id or row.is_online_only))
    ]
    if rows:
        yield TodoItem(
            title=f"{_count(len(rows), 'session')} without a time or a place",
            why="Students read that the time or place is not known yet.",
            rows=_rows(rows),
        )


def _empty(materials: Iterable[Material]) -> Iterator[TodoItem]:
    rows = [
        row
        for row in materials
        if not (row.has_content or getattr(row, "has_attachments", False))
    ]
    if rows:
        yield TodoItem(
            title=f"{_count(len(rows), 'item')} without a link or a file",
            why="Students see the name, and that it is not available yet.",
            rows=_rows(rows),
        )


# --- Shares of the mark -------------------------------------------------------


def share_problems(
    components: Iterable[Component],
    assignments: Iterable[Assignment],
    module_codes: Sequence[str] = (),
) -> Iterator[TodoItem]:
    """Yield what is wrong with the shares of the mark.

    All shares must add to 100 %, for the students of each module code, and the
    assignments of a component to its share if they split it by the share of each.
    """
    components, assignments = list(components), list(assignments)
    if not components and not assignments:
        return
    has_own = any(each.module_code for each in components)
    for code in module_codes if has_own else ("",):
        total = total_of_shares(components, assignments, module_code=code)
        if total != _WHOLE:
            of_code = f" for students of {code}" if code else ""
            yield TodoItem(
                title=f"The shares of the mark add up to {_percent(total)}{of_code}",
                why="They must add up to 100 %.",
            )
    for component in components:
        yield from _split_of(
            component, [row for row in assignments if row.component_id == component.pk]
        )


def total_of_shares(
    components: Iterable[Component],
    assignments: Iterable[Assignment],
    *,
    module_code: str = "",
) -> Decimal:
    """Return the sum of all shares of the course mark, in percent.

    An assignment in a component is part of its share; any other has a share of its own.
    What counts only for students of another module code is left out, and so is what
    only adds to the mark.
    """
    shares = [
        each.weight_percent
        for each in components
        if each.counts_for(module_code) and not each.is_extra_credit
    ]
    loose = [
        each.weight_percent
        for each in assignments
        if each.component_id is None and not each.is_extra_credit
    ]
    return sum((*shares, *loose), Decimal(0))


def _split_of(component: Component, tasks: Sequence[Assignment]) -> Iterator[TodoItem]:
    tasks = [row for row in tasks if not row.is_extra_credit]
    total = sum((row.weight_percent for row in tasks), Decimal(0))
    is_by_share = component.split_among(tasks) == Split.WEIGHT
    if not tasks or not is_by_share or total == component.weight_percent:
        return
    share = f"{component.title} counts {_percent(component.weight_percent)}"
    if total == 0:
        yield TodoItem(
            title=f"{component.title} is not yet split among its coursework",
            why=(
                f"{share}, but none of its coursework has a share yet. Students read "
                "that this is not decided."
            ),
            rows=_rows(tasks),
        )
    else:
        yield TodoItem(
            title=f"The coursework of {component.title} adds up to {_percent(total)}",
            why=f"{share}.",
            rows=_rows(tasks),
        )


def _percent(value: Decimal) -> str:
    return f"{value.normalize():f} %"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
