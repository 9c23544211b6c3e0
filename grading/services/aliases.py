"""The codes by which markers know the students of an assignment."""

import secrets
from collections.abc import Collection, Iterable
from typing import Final

from courses.models import Assignment
from grading.models import MarkingAlias
from grading.services.lateness import Owner

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


def codes_of_many(owners: Collection[Owner]) -> dict[Owner, str]:
    """Return the codes by assignment and student. Missing codes are made.

    One query if all have one.
    """
    owners = set(owners)
    found = _stored_of(owners)
    for _ in range(10):
        missing = owners - found.keys()
        if not missing:
            break
        MarkingAlias.objects.bulk_create(
            [
                MarkingAlias(assignment_id=each, student_id=who, code=_drawn())
                for each, who in sorted(missing)
            ],
            ignore_conflicts=True,
        )
        found = _stored_of(owners)
    return found


def _stored_of(owners: set[Owner]) -> dict[Owner, str]:
    rows = MarkingAlias.objects.filter(assignment__in={each for each, _ in owners})
    values = rows.order_by().values_list("assignment", "student", "code")
    return {(each, who): code for each, who, code in values if (each, who) in owners}


def _stored(assignment: Assignment, students: set[int]) -> dict[int, str]:
    rows = MarkingAlias.objects.filter(assignment=assignment).order_by()
    return {
        student: code
        for student, code in rows.values_list("student", "code")
        if student in students
    }


def _drawn() -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
