"""Room for content that is about to be stored: taken first, given back later.

The order is the same for all that a student sends: the room is taken while the enrolment
is locked, then the content is stored, then a row names it and the room is given back,
while the enrolment is locked again. So the quota counts all that the store keeps,
also what is refused in the end, and many requests at once share one bound.
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Final

from django.conf import settings
from django.db import transaction

from accounts.models import User
from courses.models import Course
from courses.services.enrolments import lock_enrolment
from courses.services.extension_requests import RequestRefusedError
from submissions.exceptions import SubmissionRefusedError
from submissions.intake import DeclaredFile
from submissions.models import ReservedRoom
from submissions.quota import quota_problems

# The keys of the rows, in the order of the files.
RoomKeys = tuple[int, ...]
# A collection of orphans begins once a day.
_DAY: Final = dt.timedelta(days=1)


@transaction.atomic
def take_room(student: User, course: Course, files: Sequence[DeclaredFile]) -> RoomKeys:
    """Take room for these files. Raises SubmissionRefusedError if there is not enough."""
    lock_enrolment(student, course.pk)
    if problems := quota_problems(student, course, files):
        raise SubmissionRefusedError(problems)
    return tuple(
        ReservedRoom.objects.create(
            student=student, course=course, sha256=file.sha256, size=file.size
        ).pk
        for file in files
    )


def give_room_back(keys: Collection[int]) -> None:
    """Give the room back: rows name the content now, or it was not stored."""
    if keys:
        ReservedRoom.objects.filter(pk__in=keys).delete()


def take_room_of_request(
    student: User, course: Course, sha256: str, size: int
) -> Callable[[], None]:
    """Take room for the file of a request, and return what gives it back.

    Raises RequestRefusedError.
    """
    file = DeclaredFile(name="", original_name="", size=size, sha256=sha256)
    try:
        keys = take_room(student, course, [file])
    except SubmissionRefusedError as refused:
        words = " ".join(f"{each.message} {each.hint}" for each in refused.problems)
        raise RequestRefusedError(words) from refused
    return lambda: give_room_back(keys)


def keep_room_of_checks(
    contents: Iterable[tuple[int, int, str, int]], now: dt.datetime
) -> None:
    """Note content that checks let go: student, course, hash and size of each."""
    ReservedRoom.objects.bulk_create(
        ReservedRoom(
            student_id=student,
            course_id=course,
            sha256=sha256,
            size=size,
            reserved_at=now,
            is_of_check=True,
        )
        for student, course, sha256, size in set(contents)
    )


def forget_reserved_room(*, now: dt.datetime) -> int:
    """Delete the rows whose content the store has removed by now; return how many."""
    grace = dt.timedelta(days=settings.ORPHAN_DAYS)
    old = ReservedRoom.objects.filter(reserved_at__lt=now - 2 * (grace + _DAY))
    deleted, _ = old.delete()
    return deleted
