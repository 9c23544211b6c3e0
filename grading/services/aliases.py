"""The codes by which markers know the students of an assignment."""

import secrets
from collections.abc import Iterable
from typing import Final

from courses.models import Assignment
from grading.models import MarkingAlias

# Without letters and digits that look alike, and without vowels, so that no code is a
# word.
_ALPHABET: Final = "BCDFGHJKMNPQRSTVWXZ23456789"
_LENGTH: Final = 6


def codes_of(assignment: Assignment, students: Iterable[int]) -> dict[int, str]:
    """Return the codes of these students by their ids. Missing codes are made.

    One query if all have one. Two callers at the same time get the same codes.
    """
    wanted = set(students)
    found = _stored(assignment, wanted)
    for _ in range(10):
        missing = wanted - found.keys()
        if not missing:
            break
        # A code that another student has is drawn again.
        MarkingAlias.objects.bulk_create(
            [
                MarkingAlias(assignment=assignment, student_id=student, code=_drawn())
                for student in sorted(missing)
            ],
            ignore_conflicts=True,
        )
        found = _stored(assignment, wanted)
    return found


def _stored(assignment: Assignment, students: set[int]) -> dict[int, str]:
    rows = MarkingAlias.objects.filter(assignment=assignment).order_by()
    return {
        student: code
        for student, code in rows.values_list("student", "code")
        if student in students
    }


def _drawn() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
