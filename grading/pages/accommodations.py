"""Who has an accommodation in a course, and which deadlines follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass

from courses.models import Accommodation, Course
from grading.pages.accommodated import AccommodatedDeadline, accommodated_deadline


@dataclass(frozen=True, kw_only=True)
class AccommodationRow:
    """An accommodation with the deadlines that follow from it."""

    accommodation: Accommodation
    deadlines: Sequence[AccommodatedDeadline]


def accommodation_rows(course: Course) -> list[AccommodationRow]:
    """Return the accommodations of a course, by name. Two queries."""
    assignments = list(course.assignments.select_related("course"))
    rows = Accommodation.objects.filter(course=course)
    return [
        AccommodationRow(
            accommodation=row,
            deadlines=[accommodated_deadline(row, each) for each in assignments],
        )
        for row in rows.select_related("student", "granted_by").order_by(
            "student__last_name", "student__first_name", "pk"
        )
    ]
