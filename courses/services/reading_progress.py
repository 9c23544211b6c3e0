"""Services that store a person's visits and ticks."""

import datetime as dt
from typing import Final

from django.db import transaction

from accounts.models import User
from courses.models import Course, CourseVisit, Material, Progress

# If a person looks at the course this long after the last time, it is a new visit.
VISIT: Final = dt.timedelta(minutes=30)
# The time of a visit is written at most this often.
NOTE_EVERY: Final = dt.timedelta(minutes=5)


def note_visit(
    *,
    actor: User,
    course: Course,
    seen_at: dt.datetime | None,
    now: dt.datetime,
) -> None:
    """Store that the visit goes on or begins, with at most one write in five minutes.

    `seen_at` is the stored time of the last look. When a visit begins, the end of the
    one before it is kept, so that whatever is newer than that can be shown as new.
    """
    if seen_at is not None and now - seen_at < NOTE_EVERY:
        return
    fresh: dict[str, dt.datetime | None] = {"seen_at": now}
    if seen_at is not None and now - seen_at >= VISIT:
        fresh["previous_at"] = seen_at
    visit = CourseVisit.objects.filter(course=course, user=actor)
    if not (seen_at and visit.update(**fresh)):
        CourseVisit.objects.bulk_create(
            [CourseVisit(course=course, user=actor, **fresh)], ignore_conflicts=True
        )


def new_since(
    seen_at: dt.datetime | None, seen_before_at: dt.datetime | None, now: dt.datetime
) -> dt.datetime | None:
    """Return the time since which things are new to the person, or None.

    On a first visit nothing is shown as new, since everything would be.
    """
    if seen_at is not None and now - seen_at >= VISIT:
        return seen_at
    return seen_before_at


@transaction.atomic
def set_tick(*, actor: User, material: Material, is_done: bool) -> None:
    """Set or remove the person's tick on the material. Repeating it changes nothing."""
    if is_done:
        Progress.objects.get_or_create(material=material, user=actor)
    else:
        Progress.objects.filter(material=material, user=actor).delete()
