"""A hand-in cannot set its owner, its time or its points."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment
from grading.models import Mark
from submissions.models import Submission
from tests.api.asking import bearer, hand_in, session_of
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    SubmissionFactory,
    hours,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create(late=True)


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def refused(answer: Any, status: int) -> bool:
    return answer.status_code == status and not Submission.objects.exists()


def test_fields_of_the_row_are_ignored(student: User, assignment: Assignment) -> None:
    victim = EnrolmentFactory.create(course=assignment.course).user
    early = hours(-500).isoformat()
    answer = hand_in(
        student,
        assignment,
        author=victim.pk,
        author_id=victim.pk,
        user=victim.pk,
        attempt=7,
        is_late="false",
        started_at=early,
        received_at=early,
        revision=999,
        id="00000000-0000-0000-0000-000000000000",
    )
    assert answer.status_code == 201
    submission = Submission.objects.get()
    assert (submission.author, submission.attempt) == (student, 1)
    assert submission.is_late
    assert (timezone.now() - submission.started_at).total_seconds() < 60
    assert submission.revision == assignment.revision
    assert submission.pk.int != 0


def test_points_are_ignored(student: User, assignment: Assignment) -> None:
    answer = hand_in(
        student,
        assignment,
        score="100",
        points="100",
        automatic_points="100",
        final_points="100",
        state="finished",
        verdict="completed",
        priority="999",
    )
    run = Submission.objects.get().runs.get()
    assert answer.status_code == 201
    assert (run.state, run.verdict, run.priority) == ("queued", "", 0)
    assert run.automatic_points is None
    assert not Mark.objects.exists()


def test_fields_in_the_address_are_ignored(
    student: User, assignment: Assignment
) -> None:
    other = EnrolmentFactory.create(course=assignment.course).user
    form = {"assignment": assignment.pk, "declaration": "true"}
    answer = session_of(student).post(f"/api/v1/submissions/?author={other.pk}", form)
    assert refused(answer, 400)


def test_time_of_the_sender_is_ignored(student: User, assignment: Assignment) -> None:
    headers = {"Date": "Mon, 01 Jan 2001 00:00:00 GMT", "X-Started-At": "2001-01-01"}
    hand_in(student, assignment, headers=headers)
    assert Submission.objects.get().is_late


def test_file_named_as_a_field_does_not_stand_for_it(
    student: User, assignment: Assignment
) -> None:
    decoy = SimpleUploadedFile("x", str(assignment.pk).encode())
    answer = hand_in(student, assignment, assignment=decoy)
    assert refused(answer, 400)


def test_staff_do_not_hand_in(assignment: Assignment) -> None:
    course = assignment.course
    for trait in ("assistant", "lecturer"):
        user = EnrolmentFactory.create(course=course, **{trait: True}).user
        assert refused(hand_in(user, assignment), 403)


def test_stranger_does_not_learn_of_an_assignment(assignment: Assignment) -> None:
    stranger = EnrolmentFactory.create().user
    assert refused(hand_in(stranger, assignment), 404)


def test_former_student_does_not_learn_of_an_assignment(assignment: Assignment) -> None:
    former = EnrolmentFactory.create(course=assignment.course, left=True).user
    assert refused(hand_in(former, assignment), 404)


def test_hidden_assignment_does_not_exist_for_students(
    student: User, assignment: Assignment
) -> None:
    hidden = AssignmentFactory.create(course=assignment.course, hidden=True)
    assert refused(hand_in(student, hidden), 404)


def test_refusal_is_the_same_whether_the_assignment_exists(student: User) -> None:
    foreign = AssignmentFactory.create()
    there = hand_in(student, foreign)
    missing = hand_in(student, foreign, assignment=foreign.pk + 1000)
    assert there.status_code == missing.status_code == 404
    assert there.content == missing.content


def test_key_of_somebody_else_reveals_nothing(
    student: User, assignment: Assignment
) -> None:
    other = EnrolmentFactory.create(course=assignment.course).user
    headers = {"Idempotency-Key": "guessable"}
    theirs = hand_in(other, assignment, headers=headers).json()
    mine = hand_in(student, assignment, headers=headers).json()
    assert mine["submission"]["id"] != theirs["submission"]["id"]
    assert mine["submission"]["author"]["id"] == student.pk


def test_token_of_a_student_who_left_hands_nothing_in(
    student: User, assignment: Assignment
) -> None:
    headers = bearer(student)
    student.enrolments.update(is_active=False)
    assert refused(hand_in(student, assignment, headers=headers), 404)


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_submission_is_never_changed(
    student: User, assignment: Assignment, method: str
) -> None:
    submission = SubmissionFactory.create(assignment=assignment, author=student)
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    for user in (student, lecturer):
        path = f"/api/v1/submissions/{submission.pk}/"
        answer = getattr(session_of(user), method)(path, {"is_late": "false"})
        assert answer.status_code == 405


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["runs/", "marks/", "marks/1/"])
def test_runs_and_marks_cannot_be_written(
    student: User, assignment: Assignment, method: str, path: str
) -> None:
    lecturer = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    for user in (student, lecturer):
        answer = getattr(session_of(user), method)(f"/api/v1/{path}")
        assert answer.status_code == 405
