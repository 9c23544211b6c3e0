"""Marks as one person may see them, for a whole page of them at once."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django_stubs_ext import WithAnnotations

from accounts.models import User
from courses.annotations import Extended
from courses.deadlines import deadline_of
from courses.models import Course, Extension
from grading.models import Mark
from grading.services import ShownMark, attach_runs, show_mark, shown_time


class ReportedMark(Extended):
    """What `marks_for` adds to marks."""

    sees_all: bool


@dataclass(frozen=True, kw_only=True)
class MarkReport:
    """A mark, what of it may be shown, and the row of its parts if that may be.

    `run_id` is the run that counts, or None where naming it would tell too much.
    `updated_at` is None where the parts are: a setting that makes another attempt the
    best one changes the marks that hidden points decide, and no others.
    """

    mark: Mark
    shown: ShownMark
    parts: Mark | None
    run_id: UUID | None
    updated_at: dt.datetime | None


def marks_for(person: User) -> QuerySet[Mark]:
    """Return the visible marks with all that `report_on` reads, in a fixed order."""
    staffed = Course.objects.staffed_by(person).filter(
        pk=OuterRef("assignment__course")
    )
    extension = Extension.objects.filter(
        assignment=OuterRef("assignment"), student=OuterRef("student")
    )
    return (
        Mark.objects.visible_to(person)
        .select_related("student", "assignment__course")
        .annotate(
            sees_all=Exists(staffed),
            extended_to=Subquery(extension.values("due_at")[:1]),
        )
        .order_by("assignment", "student", "pk")
    )


def with_runs(marks: Iterable[Mark]) -> list[Mark]:
    """Return the marks with all that their runs found. A fixed number of queries."""
    return attach_runs(marks, "results", "revision__questions")


def report_on(mark: Mark, *, now: dt.datetime) -> MarkReport:
    """Return what may be shown of a mark from `marks_for`.

    No query where `with_runs` has seen the mark, except for a student's own one where
    the best attempt counts.

    SECURITY: a student's provisional mark counts shown checks only, and its columns
    are left out: their difference would tell what the hidden checks found. So would
    the name of the best attempt.
    """
    row = cast("WithAnnotations[Mark, ReportedMark]", mark)
    own = deadline_of(mark.assignment, row.extended_to)
    shown = show_mark(mark, closes_at=own.closes_at, now=now, sees_all=row.sees_all)
    parts = mark if row.sees_all or not shown.is_provisional else None
    run_id = shown.counting.pk if shown.counting else None
    updated_at = (
        shown_time(mark.updated_at, sees_all=row.sees_all)
        if parts is not None
        else None
    )
    return MarkReport(
        mark=mark, shown=shown, parts=parts, run_id=run_id, updated_at=updated_at
    )
