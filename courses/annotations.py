"""Columns that querysets add to rows, for the type checker: `WithAnnotations[Course, …]`."""

import datetime as dt
from typing import TypedDict


class ViewedCourse(TypedDict):
    """What `CourseQuerySet.for_viewer` adds."""

    viewer_role: str | None
    seen_at: dt.datetime | None
    seen_before_at: dt.datetime | None


class ViewedMaterial(TypedDict):
    """What `MaterialQuerySet.for_viewer` adds. `other_weeks` has primary keys."""

    is_done: bool
    other_weeks: list[int] | None


class WithExtension(TypedDict):
    """What `AssignmentQuerySet.with_extension_of` adds: the person's own due date."""

    extended_to: dt.datetime | None


class WithAttempts(WithExtension):
    """What `with_extension_of` and `with_attempts_of` add."""

    attempts_used: int
    has_handed_in: bool


class WithViewerExtension(WithExtension):
    """What `CourseChangeQuerySet.with_extension_of` adds."""

    viewer_id: int


class WithTeaching(TypedDict):
    """What `SessionQuerySet.with_teaching` adds: pairs of a position and a name."""

    teacher_names: list[tuple[int, str]] | None
