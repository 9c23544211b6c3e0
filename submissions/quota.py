"""How much room a student's files take in a course, and how much they may take.

What counts is what the store keeps for the student: each content once, however often it
was handed in. The declared files of opened attempts count too, so that an attempt that
was opened is not refused at its end. So do the files of requests for extensions, and
content that was refused after it had been stored: `submissions.reserved_room`. Apps
above this one add the files that they keep for students: `count_also`.
"""

import os
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from courses.models import Course, ExtensionRequest
from formats.problems import Problem
from formats.submission_words import problem, size_in_words
from submissions.intake import DeclaredFile, IncomingFile, StoredFile, sha256_of
from submissions.models import OpenedAttempt, ReservedRoom, SubmittedFile, Upload

# The hash and the size of a file.
Content = tuple[str, int]
# So many quotas may be taken by a student's files and by what checks have let go.
CHECKS_TAKE: Final = 3
# Returns (course, hash, size) of the files that an app keeps for a student in courses.
KeptFiles = Callable[[User, Collection[int]], QuerySet[Any, tuple[Any, ...]]]
_others: list[KeptFiles] = []


def count_also(kept: KeptFiles) -> None:
    """Count these files of students in every quota, from the start of the process on."""
    _others.append(kept)


@dataclass(frozen=True, kw_only=True)
class Quota:
    """How many bytes a student's files take in a course, and how many they may take."""

    course: Course
    used: int

    @property
    def limit(self) -> int:
        return self.course.quota_bytes

    @property
    def words(self) -> str:
        """The quota as people read it: 210 MB of 2 GB used."""
        return f"{size_in_words(self.used)} of {size_in_words(self.limit)} used"


def quotas_of(student: User, courses: Collection[Course]) -> list[Quota]:
    """Return how much of their quota the student's files take in each course.

    One query.
    """
    kept = _kept(student, courses)
    return [
        Quota(course=course, used=_size_of(kept.get(course.pk, ())))
        for course in courses
    ]


@dataclass(frozen=True, kw_only=True)
class Room:
    """How many bytes the files of one student of a course take."""

    student: User
    used: int


def rooms_of_course(course: Course) -> list[Room]:
    """Return the room that the files of each student take, the most first. Two queries.

    Attempts that are only opened, and self-checks, are left out: they go by themselves.
    """
    handed_in = (
        SubmittedFile.objects.kept()
        .filter(submission__assignment__course=course)
        .order_by()
        .values_list("submission__author", "sha256", "size")
    )
    requested = (
        _request_files()
        .filter(assignment__course=course)
        .values_list("student", "file_sha256", "file_size")
    )
    rows = handed_in.union(requested)
    used: Counter[int] = Counter()
    for student, _, size in rows.iterator():
        used[student] += size
    people = User.objects.in_bulk(used)
    return [
        Room(student=people[student], used=size) for student, size in used.most_common()
    ]


def quota_problems(
    student: User,
    course: Course,
    files: Sequence[IncomingFile] | Sequence[StoredFile] | Sequence[DeclaredFile],
    *,
    replaced: OpenedAttempt | None = None,
) -> list[Problem]:
    """Return a problem if the student has no room for these files. One query.

    Content that the student has in the course already takes no more room. `replaced` is
    an opened attempt that is dropped for these files. The answer is exact only while the
    student's enrolment is locked: `courses.services.enrolments`.
    """
    kept = _kept(student, [course], replaced).get(course.pk, set())
    wanted = _size_beyond(kept, files, course.quota_bytes)
    if wanted is None:
        return []
    return [
        problem(
            "quota_used_up",
            wanted=size_in_words(wanted),
            limit=size_in_words(course.quota_bytes),
        )
    ]


def check_room_problems(
    student: User, course: Course, files: Sequence[IncomingFile]
) -> list[Problem]:
    """Return a problem if the store keeps too much of the student's for another check.

    Content that old checks have let go lies in the store for some time. It counts here
    and nowhere else: it refuses no hand-in. Two queries.
    """
    kept = set(_kept(student, [course]).get(course.pk, ()))
    kept.update((sha256, size) for _, sha256, size in _reserved(student, [course.pk]))
    wanted = _size_beyond(kept, files, CHECKS_TAKE * course.quota_bytes)
    return [] if wanted is None else [problem("checks_take_room")]


def contents_of(files: Iterable[IncomingFile]) -> list[DeclaredFile]:
    """Return the files with their hashes and counted sizes, before they are stored."""
    return [
        DeclaredFile(
            name=file.name,
            original_name=file.original_name,
            size=_bytes_of(file),
            sha256=_content_of(file)[0],
        )
        for file in files
    ]


def _kept(
    student: User, courses: Iterable[Course], replaced: OpenedAttempt | None = None
) -> Mapping[int, set[Content]]:
    """Return the content of the student's files and declared files, by course."""
    keys = [course.pk for course in courses]
    handed_in = SubmittedFile.objects.kept().filter(
        submission__author=student, submission__assignment__course__in=keys
    )
    opened = OpenedAttempt.objects.by(student).unfinished()
    if replaced is not None:
        opened = opened.exclude(pk=replaced.pk)
    declared = Upload.objects.filter(
        attempt__in=opened.filter(
            assignment__course__in=keys, expires_at__gt=timezone.now()
        )
    )
    requested = _request_files().filter(student=student, assignment__course__in=keys)
    rows = (
        handed_in.order_by()
        .values_list("submission__assignment__course", "sha256", "size")
        .union(
            declared.order_by().values_list(
                "attempt__assignment__course", "sha256", "size"
            ),
            requested.values_list("assignment__course", "file_sha256", "file_size"),
            _reserved(student, keys).filter(is_of_check=False),
            *(others(student, keys).order_by() for others in _others),
        )
    )
    found: dict[int, set[Content]] = {}
    for course, sha256, size in rows:
        found.setdefault(course, set()).add((sha256, size))
    return found


def _reserved(
    student: User, courses: Collection[int]
) -> QuerySet[ReservedRoom, tuple[Any, ...]]:
    rows = ReservedRoom.objects.filter(student=student, course__in=courses)
    return rows.order_by().values_list("course", "sha256", "size")


def _request_files() -> QuerySet[ExtensionRequest]:
    return ExtensionRequest.objects.exclude(file_sha256="").order_by()


def _size_beyond(
    kept: set[Content],
    files: Sequence[IncomingFile] | Sequence[StoredFile] | Sequence[DeclaredFile],
    limit: int,
) -> int | None:
    """Return how many bytes these files and the kept ones take, if that is too many.

    Content that is kept already takes no more room. Return None within the limit.
    """
    # The files of a form are hashed only where it matters.
    if _size_of(kept) + sum(map(_bytes_of, files)) <= limit:
        return None
    wanted = kept | {_content_of(file) for file in files}
    size = _size_of(wanted)
    return None if wanted == kept or size <= limit else size


def _size_of(contents: Iterable[Content]) -> int:
    return sum(size for _, size in contents)


def _bytes_of(file: IncomingFile | StoredFile | DeclaredFile) -> int:
    """Return the size. That of a form's file is counted, not taken from its sender."""
    if isinstance(file, IncomingFile):
        return file.content.seek(0, os.SEEK_END)
    return file.size


def _content_of(file: IncomingFile | StoredFile | DeclaredFile) -> Content:
    sha256 = file.sha256
    if not sha256 and isinstance(file, IncomingFile):
        sha256 = sha256_of(file)
    return sha256, _bytes_of(file)
