"""What a student's files take in a course is bounded, exactly, and shown."""

import datetime as dt
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from courses.models import Assignment, Course
from courses.services import extension_requests
from courses.services.extension_requests import (
    RequestFile,
    RequestRefusedError,
    ask_for_extension,
)
from grading.models import SelfCheckFile
from storage.blob_rows import HASHES_WITHOUT_CONTENT, content_columns
from storage.blobs import BlobStoreFullError
from submissions import services
from submissions.exceptions import SubmissionRefusedError
from submissions.intake import DeclaredFile, store_files
from submissions.models import OpenedAttempt, ReservedRoom, Submission
from submissions.quota import quotas_of
from submissions.reserved_room import forget_reserved_room
from submissions.services import accept_files, record_submission
from tests.api.asking import session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    ExtensionRequestFactory,
    SelfCheckFactory,
    SubmissionFactory,
    SubmittedFileFactory,
    hours,
    small_notebook,
)
from tests.grading.pages import words
from tests.submissions.builders import incoming
from tests.submissions.opened import declared, opened
from tests.submissions.storing import create_submission

pytestmark = pytest.mark.django_db
SIZE = len(small_notebook("x = 0"))


@pytest.fixture
def assignment(settings: Settings) -> Assignment:
    settings.STUDENT_QUOTA_BYTES = 3 * SIZE
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def notebook(number: int) -> bytes:
    """Return one of ten notebooks of the same size."""
    return small_notebook(f"x = {number}").encode()


def hand_in(student: User, assignment: Assignment, number: int = 0) -> Submission:
    return create_submission(
        actor=student,
        assignment=assignment,
        files=[incoming(notebook(number))],
        started_at=timezone.now(),
    )


def used(student: User, course: Course) -> int:
    (quota,) = quotas_of(student, [course])
    return quota.used


def test_each_content_of_the_student_and_course_counts_once(
    student: User, assignment: Assignment
) -> None:
    course = assignment.course
    other = AssignmentFactory.create(course=course)
    EnrolmentFactory.create(course=AssignmentFactory.create().course, user=student)
    SubmissionFactory.create(assignment=assignment)  # a classmate's
    SubmissionFactory.create(author=student)  # in another course
    hand_in(student, assignment, 1)
    hand_in(student, other, 1)
    assert used(student, course) == SIZE
    opened(student, assignment, declared(notebook(1)))
    assert used(student, course) == SIZE
    opened(student, other, declared(notebook(2)))
    assert used(student, course) == 2 * SIZE
    OpenedAttempt.objects.update(
        opened_at=hours(-3), complete_by=hours(-2), expires_at=hours(-1)
    )
    assert used(student, course) == SIZE


def test_what_goes_past_the_limit_is_refused_in_words(
    student: User, assignment: Assignment
) -> None:
    for number in range(3):
        hand_in(student, assignment, number)
    hand_in(student, assignment, 2)  # the same content takes no more room
    with pytest.raises(SubmissionRefusedError) as caught:
        hand_in(student, assignment, 3)
    (problem,) = caught.value.problems
    assert problem.code == "quota_used_up"
    assert "The limit is" in problem.message
    assert "ask your lecturer" in problem.hint
    with pytest.raises(SubmissionRefusedError):
        opened(student, assignment, declared(notebook(3)))
    assert Submission.objects.count() == 4
    assert not OpenedAttempt.objects.exists()


def test_the_course_s_own_limit_goes_before_the_portal_s(
    student: User, assignment: Assignment
) -> None:
    Course.objects.update(quota_mb=1)
    assignment.course.refresh_from_db()
    for number in range(5):
        hand_in(student, assignment, number)
    assert assignment.course.quota_bytes == 1024**2


def test_an_attempt_that_was_opened_is_not_refused_at_its_end(
    student: User, assignment: Assignment, settings: Settings
) -> None:
    for number in range(2):
        hand_in(student, assignment, number)
    opened(student, assignment, declared(notebook(2)))
    with pytest.raises(SubmissionRefusedError):
        hand_in(student, assignment, 3)
    settings.STUDENT_QUOTA_BYTES = SIZE
    hand_in(student, assignment, 2)


def test_an_attempt_may_take_the_room_of_the_one_that_it_replaces(
    student: User, assignment: Assignment
) -> None:
    for number in range(2):
        hand_in(student, assignment, number)
    first = opened(student, assignment, declared(notebook(2)))
    opened(student, assignment, declared(notebook(3)), replaces=first.pk)
    assert used(student, assignment.course) == 3 * SIZE


@pytest.mark.django_db(transaction=True)
def test_twenty_uploads_at_once_keep_the_limit(settings: Settings) -> None:
    settings.STUDENT_QUOTA_BYTES = 3 * SIZE
    course = AssignmentFactory.create().course
    works = [AssignmentFactory.create(course=course) for _ in range(10)]
    student = EnrolmentFactory.create(course=course).user
    start = threading.Barrier(20)

    def one(number: int) -> bool:
        start.wait(timeout=30)
        work, data = works[number % 10], notebook(number % 10)
        try:
            if number < 10:
                hand_in(student, work, number)
            else:
                opened(student, work, declared(data[::-1]))
        except SubmissionRefusedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as senders:
        assert sum(senders.map(one, range(20))) == 3
    assert used(student, course) == 3 * SIZE


def test_the_student_sees_it_before_handing_in(
    student: User, assignment: Assignment
) -> None:
    hand_in(student, assignment)
    client = session_of(student)
    text = words(client.get(assignment.get_absolute_url()))
    quota = f"{SIZE} bytes of {3 * SIZE} bytes used"
    assert f"Your files in this course: {quota}." in text
    (row,) = client.get("/api/v1/storage/").json()
    assert row == {
        "course": assignment.course.slug,
        "used_bytes": SIZE,
        "quota_bytes": 3 * SIZE,
    }


# --- What is kept, and by which rows ----------------------------------------------


# Columns of hashes that no student's request writes, each with what it is of.
NOT_OF_STUDENTS = {
    "courses.RevisionFile.sha256": "a file of the course",
    "grading.GradingRun.executed_sha256": "the notebook that a run has made",
}


def test_each_column_that_a_student_can_write_counts(
    student: User, assignment: Assignment
) -> None:
    """A new model with stored content must count, or be named above."""
    course, size = assignment.course, 7
    made: dict[str, Callable[[str], object]] = {
        "submissions.SubmittedFile.sha256": lambda sha256: SubmittedFileFactory.create(
            submission__author=student,
            submission__assignment=assignment,
            stored=(sha256, size),
        ),
        "submissions.Upload.sha256": lambda sha256: opened(
            student,
            assignment,
            DeclaredFile(
                name="work.ipynb", original_name="w", size=size, sha256=sha256
            ),
        ),
        "submissions.ReservedRoom.sha256": lambda sha256: ReservedRoom.objects.create(
            student=student, course=course, sha256=sha256, size=size
        ),
        "courses.ExtensionRequest.file_sha256": lambda sha256: (
            ExtensionRequestFactory.create(
                assignment=assignment,
                student=student,
                file_sha256=sha256,
                file_size=size,
            )
        ),
        "grading.SelfCheckFile.sha256": lambda sha256: SelfCheckFile.objects.create(
            self_check=SelfCheckFactory.create(assignment=assignment, author=student),
            name="other.txt",
            kind="data",
            sha256=sha256,
            size=size,
        ),
    }
    found = {f"{model._meta.label}.{column}" for model, column, _ in content_columns()}
    assert found | set(HASHES_WITHOUT_CONTENT) >= set(made)
    assert found - set(NOT_OF_STUDENTS) <= set(made)
    for number, (name, make) in enumerate(made.items()):
        before = used(student, course)
        make(f"{number:064x}")
        after = used(student, course)
        assert after - before >= size, name


# --- Content that is refused after it was stored ----------------------------------


def test_room_is_taken_before_content_is_stored_and_given_back_with_its_rows(
    student: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[int] = []

    def watched(*given: Any) -> Any:
        taken.append(ReservedRoom.objects.count())
        return store_files(*given)

    monkeypatch.setattr(services, "store_files", watched)
    hand_in(student, assignment, 1)
    assert taken == [1]
    assert not ReservedRoom.objects.exists()
    assert used(student, assignment.course) == SIZE


def test_what_is_refused_under_the_lock_counts_until_the_store_has_removed_it(
    student: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty pages at once would otherwise store twenty files for one attempt."""
    accepted = [
        accept_files(
            actor=student, assignment=assignment, files=[incoming(notebook(number))]
        )
        for number in range(3)
    ]
    Assignment.objects.update(max_attempts=1)
    for number, each in enumerate(accepted):
        with suppress(SubmissionRefusedError):
            record_submission(
                actor=student,
                assignment=assignment,
                accepted=each,
                started_at=timezone.now(),
            )
        assert Submission.objects.count() == 1, number
    assert used(student, assignment.course) == 3 * SIZE
    Assignment.objects.update(max_attempts=None)
    assignment.refresh_from_db()
    with pytest.raises(SubmissionRefusedError, match="quota_used_up"):
        hand_in(student, assignment, 3)
    hand_in(student, assignment, 2)  # its content is there already
    forget_reserved_room(now=timezone.now() + dt.timedelta(days=14))
    assert used(student, assignment.course) == 3 * SIZE
    forget_reserved_room(now=timezone.now() + dt.timedelta(days=17))
    assert used(student, assignment.course) == 2 * SIZE


def test_a_store_that_takes_nothing_keeps_no_room(
    student: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise BlobStoreFullError

    monkeypatch.setattr("submissions.intake.store_blob", full)
    with pytest.raises(SubmissionRefusedError, match="store_full"):
        hand_in(student, assignment)
    assert used(student, assignment.course) == 0


def test_the_file_of_a_request_is_not_stored_without_room(
    student: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[object] = []
    monkeypatch.setattr(
        extension_requests, "store_blob", lambda *a, **_: stored.append(a)
    )
    request = partial(
        ask_for_extension,
        actor=student,
        assignment=assignment,
        wished_due_at=assignment.due_at + dt.timedelta(days=2),
        reason="Ill.",
    )
    with pytest.raises(RequestRefusedError, match="The limit is"):
        request(file=RequestFile(name="note.txt", chunks=[b"x" * 4 * SIZE]))
    assert not stored
    assert request(file=RequestFile(name="note.txt", chunks=[b"x"])).file_size == 1
    assert len(stored) == 1
    assert used(student, assignment.course) == 1
