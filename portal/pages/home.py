"""What the home page shows of all the person's courses: sessions, work due and news."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, cast

from django.db.models import Q
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django_stubs_ext import WithAnnotations

from accounts.models import User
from courses.annotations import ViewedCourse
from courses.change_texts import change_text, told_at
from courses.models import (
    Announcement,
    Assignment,
    Course,
    CourseChange,
    Material,
    Session,
)
from courses.pages.due_assignments import (
    DueAssignment,
    Stage,
    due_assignments,
    is_newer,
)
from courses.pages.session_items import SessionItem, session_item_of

SESSIONS: Final = 3
ENTRIES: Final = 8
# More than are shown: releases of marks are told later than they were made.
_CHANGES: Final = 4 * ENTRIES
RECENT: Final = dt.timedelta(days=14)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A piece of news. `icon` is a name of static/img/icons.svg."""

    course: Course
    at: dt.datetime
    icon: str
    title: str
    href: str
    detail: str = ""
    is_new: bool = False


def next_sessions(
    courses: Mapping[int, Course], user: User, now: dt.datetime
) -> list[SessionItem]:
    """Return the next sessions of all the courses, the nearest first. Two queries."""
    sessions = (
        Session.objects.visible_to(user)
        .filter(course__in=courses, cancelled_at__isnull=True)
        .ahead(now)
        .with_teaching()
        .select_related("course")
    )
    return [
        session_item_of(session, now=now, of_lecture={}, of_session={})
        for session in sessions[:SESSIONS]
    ]


def assignments_ahead(
    user: User, courses: Mapping[int, Course], now: dt.datetime
) -> list[DueAssignment]:
    """Return what is still to be handed in, the nearest deadline first. One query."""
    assignments = (
        Assignment.objects.visible_to(user)
        .filter(course__in=courses)
        .select_related("course")
        .with_extra_time_of(user)
        .with_attempts_of(user)
    )
    return [
        work
        for work in due_assignments(assignments, now)
        if work.stage in (Stage.OPEN, Stage.SOON)
        or (work.stage in (Stage.OVERDUE, Stage.LATE) and not work.has_handed_in)
    ]


def news_of(
    courses: Mapping[int, Course], user: User, now: dt.datetime
) -> Sequence[Entry]:
    """Return what was announced, changed or released in two weeks, the newest first.

    Three queries. The courses come from `for_viewer`: an entry is new if it is newer
    than the person's last look at its course.
    """
    since = now - RECENT
    entries = [
        *_announced(courses, user, since, now),
        *_changed(courses, user, since, now),
        *_came_out(courses, user, since, now),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:ENTRIES]


def _announced(
    courses: Mapping[int, Course], user: User, since: dt.datetime, now: dt.datetime
) -> Iterator[Entry]:
    rows: Iterable[Announcement] = (
        Announcement.objects.visible_to(user)
        .filter(course__in=courses, release_at__gt=since, release_at__lte=now)
        .order_by("-release_at")[:ENTRIES]
    )
    for row in rows:
        if row.release_at is not None:
            course = courses[row.course_id]
            yield Entry(
                course=course,
                at=row.release_at,
                icon="bell",
                title=row.title,
                href=reverse("courses:news", args=[course.slug]),
                detail=row.body,
                is_new=_is_new(course, row.release_at),
            )


def _changed(
    courses: Mapping[int, Course], user: User, since: dt.datetime, now: dt.datetime
) -> Iterator[Entry]:
    is_release = Q(kind=CourseChange.Kind.RELEASE)
    rows: Iterable[CourseChange] = (
        CourseChange.objects.news_for(user)
        .filter(Q(made_at__gt=since) | is_release, course__in=courses)
        .with_extra_time_of(user)
        .select_related("course", "assignment")
        .order_by("-made_at")[:_CHANGES]
    )
    for row in rows:
        course, at = courses[row.course_id], told_at(row, now)
        if at <= since:
            continue
        yield Entry(
            course=course,
            at=at,
            icon="clock" if row.kind == CourseChange.Kind.DEADLINE else "calendar",
            title=change_text(row),
            href=reverse("courses:news", args=[course.slug]),
            detail=row.reason,
            is_new=_is_new(course, at),
        )


def _came_out(
    courses: Mapping[int, Course], user: User, since: dt.datetime, now: dt.datetime
) -> Iterator[Entry]:
    rows: Iterable[Material] = (
        Material.objects.opened_to(user)
        .filter(course__in=courses, release_at__lte=now)
        .annotate(out_at=Greatest("release_at", Coalesce("opens_at", "release_at")))
        .filter(out_at__gt=since, out_at__lte=now)
        .order_by("-out_at", "position")[:ENTRIES]
    )
    for row in rows:
        course = courses[row.course_id]
        out_at: dt.datetime = row.out_at  # type: ignore[attr-defined]  # annotated
        if row.has_content:
            yield Entry(
                course=course,
                at=out_at,
                icon=row.kind,
                title=str(row),
                href=reverse("courses:material", args=[course.slug, row.key]),
                detail=str(row.get_kind_display()),
                is_new=_is_new(course, out_at),
            )


def _is_new(course: Course, at: dt.datetime) -> bool:
    row = cast("WithAnnotations[Course, ViewedCourse]", course)
    return is_newer(at, row.seen_at)
