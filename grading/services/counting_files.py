"""All files of the attempts that count, for one zip with a table of its contents."""

import csv
import io
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from accounts.models import User
from courses.models import Assignment, CourseChange, Enrolment
from courses.permissions import Right
from courses.services.access import require_right_at
from courses.services.changes import record_change
from formats.archive_names import unique_names
from formats.roster import escaped
from grading.models import Mark
from grading.services.counting import counting_works
from submissions.models import Submission, SubmittedFile

MANIFEST: Final = "manifest.csv"
_COLUMNS: Final = (
    *("folder", "login", "name", "email", "attempt", "received_at", "late"),
    *("file", "original_name", "size", "sha256", "state"),
)
_THERE: Final = "in the zip"
_MISSING: Final = "missing: the store does not have it"
_NONE_COUNTS: Final = "no attempt counts yet"
_EXCUSED: Final = "excused: no attempt counts"


@dataclass(frozen=True, kw_only=True)
class CountingFile:
    """A file of an attempt that counts. `name` is its path in the zip."""

    name: str
    size: int
    sha256: str
    folder: str
    submission: Submission
    file: SubmittedFile


@dataclass(frozen=True, kw_only=True)
class CountingFiles:
    """The files of everybody's attempts that count, and who has none.

    `excused` are the ids of those for whom none counts because they are excused.
    """

    files: tuple[CountingFile, ...]
    without: tuple[User, ...]
    excused: frozenset[int]
    attempts: int

    def manifest(self, missing: Collection[str]) -> bytes:
        """Return the table of the zip's files as CSV that no spreadsheet executes.

        `missing` are the paths of files that are not in the zip. Times are in UTC.
        """
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(_COLUMNS)
        for each in self.files:
            state = _MISSING if each.name in missing else _THERE
            writer.writerow([escaped(str(cell)) for cell in (*_cells(each), state)])
        for user in self.without:
            state = _EXCUSED if user.pk in self.excused else _NONE_COUNTS
            cells = ("", user.login, user.name, user.email, *[""] * 7, state)
            writer.writerow([escaped(cell) for cell in cells])
        # With a byte order mark: without it, spreadsheets guess an older encoding.
        return text.getvalue().encode("utf-8-sig")


def _cells(each: CountingFile) -> Iterator[object]:
    author, file = each.submission.author, each.file
    yield from (each.folder, author.login, author.name, author.email)
    yield each.submission.attempt
    yield f"{each.submission.received_at:%Y-%m-%dT%H:%M:%SZ}"
    yield "late" if each.submission.is_late else "on time"
    yield from (each.name.partition("/")[2], file.original_name, file.size, file.sha256)


def take_counting_files(*, actor: User, assignment: Assignment) -> CountingFiles:
    """Return the files of all attempts that count, and record that they are taken.

    The number of queries does not grow with the course. Raises PermissionDenied if the
    actor may not see everybody's work.
    """
    require_right_at(actor, [Right.VIEW_ALL_WORK], assignment)
    found = _counting_files(assignment)
    record_change(
        actor=actor,
        course=assignment.course,
        kind=CourseChange.Kind.CONTENT,
        summary=f"The attempts that count of {assignment.title} were downloaded: "
        f"{found.attempts} attempt{'' if found.attempts == 1 else 's'}, "
        f"{len(found.files)} file{'' if len(found.files) == 1 else 's'}.",
        about=assignment,
    )
    return found


def _counting_files(assignment: Assignment) -> CountingFiles:
    handed_in = Submission.objects.filter(assignment=assignment).order_by()
    authors = set(handed_in.values_list("author", flat=True).distinct())
    excused = Mark.objects.excused_students(assignment.pk)
    works = counting_works(
        [(assignment.pk, author) for author in authors if author not in excused]
    )
    chosen = (
        Submission.objects.filter(
            pk__in=[work.run.work_id for work in works.values() if work.run]
        )
        .with_extra_time()
        .select_related("author", "assignment")
        .prefetch_related("files")
    )
    submissions = sorted(chosen, key=lambda each: (_person(each.author), each.attempt))
    folders = unique_names(
        f"{_person(each.author)}_{each.attempt}" for each in submissions
    )
    files = tuple(
        file
        for submission, folder in zip(submissions, folders, strict=True)
        for file in _files_of(submission, folder)
    )
    with_one = {each.author_id for each in submissions}
    students: Any = Enrolment.objects.students().filter(course=assignment.course_id)
    others = students.exclude(user__in=with_one).select_related("user")
    return CountingFiles(
        files=files,
        without=tuple(sorted((row.user for row in others), key=_person)),
        excused=excused,
        attempts=len(submissions),
    )


def _files_of(submission: Submission, folder: str) -> Iterator[CountingFile]:
    files = list(submission.files.all())
    for file, name in zip(files, unique_names(f.name for f in files), strict=True):
        yield CountingFile(
            name=f"{folder}/{name}",
            size=file.size,
            sha256=file.sha256,
            folder=folder,
            submission=submission,
            file=file,
        )


def _person(user: User) -> str:
    """Return the name of the person in folders: the login, or what is before the @."""
    return user.login or user.email.partition("@")[0] or str(user.pk)
