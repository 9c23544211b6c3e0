"""The page of a course's stored files: who has how many, and what would be removed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from courses.models import Course
from grading.services.old_weights import OldWeights
from submissions.quota import Room, rooms_of_course

STUDENTS_SHOWN: Final = 100


@dataclass(frozen=True, kw_only=True)
class StoragePage:
    """What the page shows. `more_students` are those that are not shown.

    `old_weights` is what the rule, as it is entered, would remove now.
    """

    course: Course
    rooms: Sequence[Room]
    more_students: int
    total: int
    old_weights: OldWeights


def storage_page(course: Course, old_weights: OldWeights) -> StoragePage:
    """Return what the staff of the course see. Two queries."""
    rooms = rooms_of_course(course)
    return StoragePage(
        course=course,
        rooms=rooms[:STUDENTS_SHOWN],
        more_students=max(0, len(rooms) - STUDENTS_SHOWN),
        total=sum(room.used for room in rooms),
        old_weights=old_weights,
    )
