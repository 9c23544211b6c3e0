"""Large files are checked where they arrived in pieces: in an opened attempt."""

import pytest
from django.utils import timezone
from pytest_django import Settings

from accounts.actors import SYSTEM
from accounts.models import User
from courses.models import Assignment
from grading.models import GradingRun, SelfCheck
from grading.services import (
    cancel_run,
    check_opened_attempt,
    drop_self_check_files,
    finish_attempt,
    hand_in_checked_files,
)
from grading.states import State
from submissions.attempt_opening import drop_attempt
from submissions.exceptions import (
    AttemptGoneError,
    AttemptHandedInError,
    AttemptIncompleteError,
    SubmissionRefusedError,
)
from submissions.models import OpenedAttempt, Submission
from submissions.quota import quotas_of
from submissions.upload_pieces import part_path
from tests.factories import AssignmentFactory, hours
from tests.grading.pages import student_of
from tests.submissions.opened import NOTEBOOK, declared, opened, send

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(self_check_limit=3)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return student_of(assignment)


@pytest.fixture
def arrived(assignment: Assignment, student: User) -> OpenedAttempt:
    """Return an attempt that was opened an hour ago, and has arrived in time."""
    found = opened(student, assignment, at=hours(-1))
    send(found.uploads.get(), at=hours(-0.9))
    return OpenedAttempt.objects.get()


def used(student: User, assignment: Assignment) -> int:
    (quota,) = quotas_of(student, [assignment.course])
    return quota.used


def test_a_check_leaves_the_attempt_open_and_hands_it_in_later(
    arrived: OpenedAttempt, student: User
) -> None:
    check = check_opened_attempt(actor=student, opened=arrived)
    assert check.files.get().sha256 == arrived.uploads.get().sha256
    assert check.run.state == State.QUEUED
    assert part_path(arrived.uploads.get()).exists()
    run = hand_in_checked_files(actor=student, self_check=check)
    arrived.refresh_from_db()
    assert arrived.submission == run.work
    # The time is that of the attempt, as if it had been finished itself.
    assert run.work.received_at == arrived.opened_at
    assert finish_attempt(actor=student, opened=arrived) == run
    assert hand_in_checked_files(actor=student, self_check=check) == run
    assert Submission.objects.count() == 1


def test_a_check_of_other_files_leaves_the_attempt_alone(
    arrived: OpenedAttempt, student: User, assignment: Assignment
) -> None:
    check = check_opened_attempt(actor=student, opened=arrived)
    drop_attempt(actor=student, opened=arrived)
    other = opened(student, assignment)  # nothing of it has arrived
    run = hand_in_checked_files(actor=student, self_check=check)
    assert run.work.received_at > other.opened_at
    assert OpenedAttempt.objects.get(submission=None) == other


def test_files_that_are_not_whole_are_not_checked_and_cost_no_check(
    arrived: OpenedAttempt, student: User
) -> None:
    part_path(arrived.uploads.get()).write_bytes(b"x" * len(NOTEBOOK))
    with pytest.raises(AttemptIncompleteError):
        check_opened_attempt(actor=student, opened=arrived)
    assert arrived.uploads.get().offset == 0
    with pytest.raises(AttemptIncompleteError):
        check_opened_attempt(actor=student, opened=arrived)
    assert not SelfCheck.objects.exists()
    send(arrived.uploads.get())
    check_opened_attempt(actor=student, opened=arrived)
    assert SelfCheck.objects.count() == 1


def test_an_attempt_that_has_ended_is_not_checked(
    arrived: OpenedAttempt, student: User, assignment: Assignment
) -> None:
    stale = OpenedAttempt.objects.prefetch_related("uploads").get()
    drop_attempt(actor=student, opened=arrived)
    part_path(stale.uploads.all()[0]).unlink(missing_ok=True)
    for each in (stale, arrived):
        for ask in (check_opened_attempt, finish_attempt):
            with pytest.raises(AttemptGoneError):
                ask(actor=student, opened=each)
    again = opened(student, assignment)
    send(again.uploads.get())
    finish_attempt(actor=student, opened=again)
    part_path(again.uploads.get()).unlink(missing_ok=True)
    with pytest.raises(AttemptHandedInError):
        check_opened_attempt(actor=student, opened=again)


def test_the_files_of_a_check_take_room_until_they_go(
    arrived: OpenedAttempt, student: User, assignment: Assignment, settings: Settings
) -> None:
    check_opened_attempt(actor=student, opened=arrived)
    assert used(student, assignment) == len(NOTEBOOK)  # the same content counts once
    drop_attempt(actor=student, opened=arrived)
    assert used(student, assignment) == len(NOTEBOOK)
    settings.STUDENT_QUOTA_BYTES = len(NOTEBOOK)
    with pytest.raises(SubmissionRefusedError) as caught:
        opened(student, assignment, declared(NOTEBOOK + b" "))
    assert [each.code for each in caught.value.problems] == ["quota_used_up"]
    SelfCheck.objects.update(asked_at=hours(-25))
    cancel_run(actor=student, run=GradingRun.objects.get())
    assert drop_self_check_files(actor=SYSTEM, now=timezone.now()) == 1
    assert used(student, assignment) == 0
