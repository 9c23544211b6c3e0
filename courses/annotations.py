"""Columns that querysets add to rows, for the type checker: `WithAnnotations[Course, …]`."""

import datetime as dt
from typing import TypedDict

from courses.extra_time import ExtraTime


class ViewedCourse(TypedDict):
    """What `CourseQuerySet.for_viewer` adds."""

    viewer_role: str | None
    seen_at: dt.datetime | None
    seen_before_at: dt.datetime | None


class ViewedMaterial(TypedDict):
    """What `MaterialQuerySet.for_viewer` adds. `other_weeks` has primary keys."""

    is_done: bool
    other_weeks: list[int] | None


class WithExtraTime(TypedDict):
    """What `with_extra_time_of` adds: the person's extension and accommodation."""

    extra_time: ExtraTime


class WithOwnTimes(WithExtraTime):
    """What `with_group_release_of` adds to that: when the group's marks come out."""

    group_released_at: dt.datetime | None


class WithAttempts(WithExtraTime):
    """What `with_extra_time_of` and `with_attempts_of` add."""

    attempts_used: int
    has_handed_in: bool


class WithViewerExtraTime(WithExtraTime):
    """What `CourseChangeQuerySet.with_extra_time_of` adds."""

    viewer_id: int


class WithTeaching(TypedDict):
    """What `SessionQuerySet.with_teaching` adds: pairs of a position and a name."""

    teacher_names: list[tuple[int, str]] | None
