"""An attempt is opened by declaring its files; then they arrive in pieces."""

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import pytest
from django.db import connection, transaction
from django.test import TestCase
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from courses.models import Assignment
from submissions.attempt_opening import (
    close_attempt,
    discard_expired_attempts,
    drop_attempt,
)
from submissions.exceptions import AttemptHandedInError, SubmissionRefusedError
from submissions.models import OpenedAttempt
from submissions.upload_pieces import part_path
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    RequiredFileFactory,
    SubmissionFactory,
    hours,
)
from tests.services.locks import wait_for_a_lock
from tests.submissions.opened import NOTEBOOK, declared, opened, send

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def refused(*args: object, **more: object) -> list[str]:
    with pytest.raises(SubmissionRefusedError) as caught:
        opened(*args, **more)  # type: ignore[arg-type]
    return [problem.code for problem in caught.value.problems]


def test_the_allowance_is_the_assignment_s(
    student: User, assignment: Assignment
) -> None:
    assignment.upload_minutes = 45
    found = opened(student, assignment)
    assert found.complete_by - found.opened_at == 45 * MINUTE


def test_every_problem_is_listed_before_a_byte_arrives(
    student: User, assignment: Assignment
) -> None:
    RequiredFileFactory.create(
        revision=assignment.revision, weights=True, max_bytes=1000
    )
    files = [
        declared(b""),
        declared(name="digits.safetensors", size=1001),
        declared(name="other.txt"),
    ]
    codes = refused(student, assignment, *files)
    assert codes == ["file_unexpected", "file_empty", "file_too_large"]


def test_a_missing_file_is_a_problem(student: User, assignment: Assignment) -> None:
    RequiredFileFactory.create(revision=assignment.revision, weights=True)
    assert refused(student, assignment) == ["file_missing"]


def test_after_the_close_nothing_is_opened(
    student: User, assignment: Assignment
) -> None:
    late = assignment.due_at + dt.timedelta(days=365)
    assert refused(student, assignment, at=late) == ["closed"]


def test_only_students_of_the_course_open(assignment: Assignment) -> None:
    stranger = EnrolmentFactory.create().user
    assert refused(stranger, assignment) == ["not_enrolled"]


def test_the_same_files_give_the_same_attempt(
    student: User, assignment: Assignment
) -> None:
    first = opened(student, assignment)
    again = opened(student, assignment, at=first.opened_at + MINUTE)
    assert again == first
    assert again.opened_at == first.opened_at


def test_the_same_files_go_on_after_the_close(
    student: User, assignment: Assignment
) -> None:
    first = opened(student, assignment)
    assignment.due_at = assignment.closes_at = first.opened_at + MINUTE
    assert opened(student, assignment, at=first.opened_at + 30 * MINUTE) == first
    late = first.opened_at + 31 * MINUTE
    assert refused(student, assignment, at=late) == ["closed"]


def test_after_the_allowance_the_same_files_are_opened_anew(
    student: User, assignment: Assignment
) -> None:
    first = opened(student, assignment)
    send(first.uploads.get(), NOTEBOOK[:10])
    again = opened(student, assignment, at=first.opened_at + 31 * MINUTE)
    assert again == first
    assert again.opened_at == first.opened_at + 31 * MINUTE
    assert again.uploads.get().offset == 10


def test_other_files_are_refused_while_an_attempt_is_open(
    student: User, assignment: Assignment
) -> None:
    opened(student, assignment)
    assert refused(student, assignment, declared(b"other")) == ["attempt_open"]


def test_an_attempt_that_replaces_another_keeps_the_files_of_both(
    student: User, assignment: Assignment
) -> None:
    RequiredFileFactory.create(revision=assignment.revision, weights=True)
    weights = declared(b"w" * 100, "digits.safetensors")
    first = opened(student, assignment, declared(), weights)
    send(first.uploads.get(name="work.ipynb"))
    send(first.uploads.get(name="digits.safetensors"), b"w" * 60)
    second = opened(student, assignment, declared(b"new"), weights, replaces=first.pk)
    assert OpenedAttempt.objects.get() == second
    offsets = dict(second.uploads.values_list("name", "offset"))
    assert offsets == {"digits.safetensors": 60, "work.ipynb": 0}
    assert send(second.uploads.get(name="digits.safetensors"), b"w" * 40, 60) == 100


def test_a_declaration_is_frozen(student: User, assignment: Assignment) -> None:
    """A file with another content cannot take the place of the declared one."""
    upload = opened(student, assignment).uploads.get()
    with pytest.raises(SubmissionRefusedError):
        send(upload, b"x" * upload.size)
    upload.refresh_from_db()
    assert (upload.offset, upload.completed_at) == (0, None)


def test_an_expired_attempt_makes_room(student: User, assignment: Assignment) -> None:
    first = opened(student, assignment, at=hours(-25))
    second = opened(student, assignment, declared(b"other"))
    assert list(OpenedAttempt.objects.all()) == [second] != [first]


def test_the_opened_attempts_of_a_course_have_a_quota(
    student: User, assignment: Assignment, settings: Settings
) -> None:
    settings.MAX_OPENED_BYTES = len(NOTEBOOK) + 9
    opened(student, assignment)
    other = AssignmentFactory.create(course=assignment.course)
    assert refused(student, other, declared(b"0123456789")) == ["opened_too_large"]
    assert opened(student, other, declared(b"012345678")).uploads.exists()


def test_a_full_disk_refuses_before_a_byte_arrives(
    student: User, assignment: Assignment
) -> None:
    with mock.patch("shutil.disk_usage") as usage:
        usage.return_value.free = len(NOTEBOOK) - 1
        assert refused(student, assignment) == ["store_full"]


def test_dropping_deletes_the_bytes(student: User, assignment: Assignment) -> None:
    found = opened(student, assignment)
    path = part_path(found.uploads.get())
    send(found.uploads.get(), NOTEBOOK[:10])
    assert path.exists()
    with TestCase.captureOnCommitCallbacks(execute=True):
        drop_attempt(actor=student, opened=found)
    assert not path.exists()
    assert not OpenedAttempt.objects.exists()


def test_an_attempt_that_was_handed_in_cannot_be_dropped(
    student: User, assignment: Assignment
) -> None:
    found = opened(student, assignment)
    submission = SubmissionFactory.create(assignment=assignment, author=student)
    close_attempt(opened=found, submission=submission)
    with pytest.raises(AttemptHandedInError):
        drop_attempt(actor=student, opened=found)


@pytest.mark.django_db(transaction=True)
def test_expired_attempts_and_stray_files_are_discarded(
    student: User, assignment: Assignment
) -> None:
    found = opened(student, assignment, at=hours(-23))
    stray = part_path(found.uploads.get()).with_name(f"{found.pk}.part")
    stray.touch()
    send(found.uploads.get(), NOTEBOOK[:10])
    path = part_path(found.uploads.get())
    discard_expired_attempts(now=timezone.now())
    assert path.exists()
    assert not stray.exists()
    discard_expired_attempts(now=hours(2))
    assert not path.exists()
    assert not OpenedAttempt.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_twenty_openings_at_once_make_one_attempt() -> None:
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    start = threading.Barrier(20)

    def attempt(number: int) -> bool:
        start.wait(timeout=30)
        try:
            opened(student, assignment, declared(b"%d" % number))
        except SubmissionRefusedError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(20) as senders:
        assert sum(senders.map(attempt, range(20))) == 1
    assert OpenedAttempt.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_replaces_an_attempt_locks_it_before_its_uploads() -> None:
    """In the other order, opening and dropping would wait for each other for ever."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one lock for the whole file")
    assignment = AssignmentFactory.create()
    student = EnrolmentFactory.create(course=assignment.course).user
    found = opened(student, assignment)

    def replace() -> OpenedAttempt:
        try:
            return opened(student, assignment, declared(b"other"), replaces=found.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        # As `drop_attempt` does.
        with transaction.atomic():
            OpenedAttempt.objects.select_for_update().get(pk=found.pk)
            replacing = other.submit(replace)
            wait_for_a_lock()
            found.uploads.select_for_update(nowait=True).get()  # still free
            found.uploads.all().delete()
            found.delete()
        assert replacing.result(timeout=30).uploads.get().size == len(b"other")


def test_an_attempt_whose_files_were_dropped_has_not_arrived(
    student: User, assignment: Assignment
) -> None:
    found = opened(student, assignment)
    found.uploads.all().delete()
    assert found.completed_at is None
    assert found.received_at is None
