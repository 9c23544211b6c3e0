"""Marks as one person may see them, for a whole page of them at once."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.db.models import OuterRef, QuerySet
from django_stubs_ext import WithAnnotations

from accounts.models import User
from courses.annotations import WithOwnTimes
from courses.deadlines import deadline_of
from courses.permissions import work_is_seen
from courses.querysets.extra_time_columns import extra_time_of
from courses.querysets.group_release_columns import group_release_of
from grading.models import Mark
from grading.services import ShownMark, load_counting_runs, show_mark, shown_time
from grading.services.view_times import OwnRelease


class ReportedMark(WithOwnTimes):
    """What `marks_for` adds to marks."""

    sees_all: bool


@dataclass(frozen=True, kw_only=True)
class MarkReport:
    """A mark, what of it may be shown, and its row if the columns may be shown.

    A student who is excused has no parts.
    `run_id` is the run that counts, or None where naming it would tell what is hidden.
    `updated_at` is None while the mark is provisional: when a setting makes the best attempt count,
    only the marks that hidden points decide get a new time.
    """

    mark: Mark
    shown: ShownMark
    parts: Mark | None
    run_id: UUID | None
    updated_at: dt.datetime | None


def marks_for(person: User) -> QuerySet[Mark]:
    """Return the visible marks with all that `report_on` reads."""
    return (
        Mark.objects.visible_to(person)
        .select_related("student", "assignment__course")
        .annotate(
            sees_all=work_is_seen(person, assignment="assignment"),
            extra_time=extra_time_of(OuterRef("student"), assignment="assignment"),
            group_released_at=group_release_of(
                OuterRef("student"), assignment="assignment"
            ),
        )
    )


def with_runs(marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks with all that their runs found. A fixed number of queries."""
    return load_counting_runs(marks, "results", "revision__questions")


def report_on(mark: Mark, *, now: dt.datetime) -> MarkReport:
    """Return what may be shown of a mark from `marks_for`.

    It makes no query if the mark comes from `with_runs`, except for a student's own
    mark where the best attempt counts.

    SECURITY: a student's provisional mark counts shown checks only, and its columns are
    left out: the difference would tell what the hidden checks found. So would the name
    of the best attempt.
    """
    row = cast("WithAnnotations[Mark, ReportedMark]", mark)
    own = deadline_of(mark.assignment, row.extra_time)
    shown = show_mark(
        mark,
        closes_at=own.results_wait_until,
        now=now,
        own=OwnRelease.of(
            mark.assignment,
            group_released_at=row.group_released_at,
            standing=mark.standing,
        ),
        sees_all=row.sees_all,
    )
    is_open = row.sees_all or not shown.is_provisional
    parts = mark if is_open and not shown.is_excused else None
    run_id = shown.counting.pk if shown.counting else None
    updated_at = shown_time(mark.updated_at, sees_all=row.sees_all) if is_open else None
    return MarkReport(
        mark=mark, shown=shown, parts=parts, run_id=run_id, updated_at=updated_at
    )
