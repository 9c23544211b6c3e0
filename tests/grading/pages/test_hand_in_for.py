"""Work that staff hand in for a student: its times, its record, and whom it is for."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.models import Assignment, CourseChange
from grading.models import GradingRun
from submissions.models import OnBehalf, Submission
from submissions.receipt_mails import mail_due_receipts
from submissions.services import charge_attempt
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    SubmissionFactory,
    hours,
    small_notebook,
)
from tests.grading.pages import Answer, signed_in, staff_of, student_of, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    """Give coursework that is closed, with all attempts used and a long wait."""
    row: Assignment = AssignmentFactory.create(
        due_at=hours(-2),
        release_at=hours(-100),
        max_attempts=1,
        cooldown_minutes=600,
        declaration_questions="Why? [required]",
    )
    return row


@pytest.fixture
def student(assignment: Assignment) -> User:
    student = student_of(assignment)
    SubmissionFactory.create(assignment=assignment, author=student)
    return student


@pytest.fixture
def lecturer(assignment: Assignment) -> User:
    user: User = EnrolmentFactory.create(course=assignment.course, lecturer=True).user
    return user


def address(assignment: Assignment) -> str:
    return reverse(
        "grading:hand-in-for", args=[assignment.course.slug, assignment.slug]
    )


def sent(student: User, **more: Any) -> dict[str, Any]:
    return {
        "student": student.pk,
        "reason": "Sent by mail.",
        "uses_attempt": "on",
        "file:work.ipynb": SimpleUploadedFile("w.ipynb", small_notebook().encode()),
        **more,
    }


def hand_in(lecturer: User, assignment: Assignment, **form: Any) -> Answer:
    return signed_in(lecturer).post(address(assignment), form)


def test_no_limit_stops_it_and_the_receipt_says_who_did_it_when_and_why(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    stated = timezone.localtime(hours(-3), assignment.course.tz)
    stated = stated.replace(second=0, microsecond=0)
    form = sent(student, received_at=f"{stated:%Y-%m-%dT%H:%M}")
    made = hand_in(lecturer, assignment, **form)
    assert made.status_code == 302
    submission = Submission.objects.get(attempt=2)
    assert submission.author == student
    assert submission.received_at == stated == submission.on_behalf.stated_at
    assert not submission.is_late
    assert submission.uses_attempt
    assert submission.on_behalf.entered_at > submission.received_at
    assert GradingRun.objects.get(submission=submission).number == 1
    for reader in (student, lecturer):
        text = words(signed_in(reader).get(submission.get_absolute_url()))
        assert f"{lecturer.name}, for the student Sent by mail." in text
        assert f"Handed in by: {lecturer.name}, staff of the course" in text
    mail_due_receipts(now=timezone.now())
    (message,) = mail.outbox
    assert message.to == [student.email]
    assert f"{lecturer.name} handed it in for you. The reason: Sent by mail." in str(
        message.body
    )


def test_the_change_is_recorded_for_the_student_and_no_other(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    hand_in(lecturer, assignment, **sent(student))
    change = CourseChange.objects.get()
    assert (change.made_by, change.student, change.reason) == (
        lecturer,
        student,
        "Sent by mail.",
    )
    assert CourseChange.objects.visible_to(student).exists()
    assert not CourseChange.objects.visible_to(student_of(assignment)).exists()


def test_it_may_use_no_attempt_whatever_happens_to_its_run(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    form = sent(student)
    del form["uses_attempt"]
    hand_in(lecturer, assignment, **form)
    extra = Submission.objects.get(attempt=2)
    for charged in (False, True):
        charge_attempt(submission_id=extra.pk, uses_attempt=charged)
        extra.refresh_from_db()
        assert not extra.uses_attempt
    assert extra in Submission.objects.that_may_cost_late_days()


def test_the_same_form_sent_twice_makes_one_attempt(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    key = "0123456789abcdef0123456789abcdef"
    for _ in range(2):
        hand_in(lecturer, assignment, **sent(student, idempotency_key=key))
    assert OnBehalf.objects.count() == CourseChange.objects.count() == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"received_at": "2999-01-01T12:00"}, "This time is in the future."),
        ({"received_at": "2020-01-01T12:00"}, "was handed out later"),
        ({"reason": " "}, "This field is required."),
        ({"file:work.ipynb": ""}, "Choose this file."),
        (
            {"file:work.ipynb": SimpleUploadedFile("w.ipynb", b"{")},
            "is not complete",
        ),
    ],
)
def test_what_is_wrong_is_said_in_words_and_nothing_is_stored(
    assignment: Assignment,
    student: User,
    lecturer: User,
    more: dict[str, Any],
    said: str,
) -> None:
    answer = hand_in(lecturer, assignment, **sent(student, **more))
    assert answer.status_code == 422
    assert said in words(answer)
    assert Submission.objects.count() == 1


def test_only_students_of_the_course_can_be_chosen_and_only_by_editors(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    stranger = EnrolmentFactory.create().user
    assert hand_in(lecturer, assignment, **sent(stranger)).status_code == 422
    assert hand_in(lecturer, assignment, **sent(lecturer)).status_code == 422
    for other in (staff_of(assignment), student):
        assert hand_in(other, assignment, **sent(student)).status_code == 403
    page = words(signed_in(lecturer).get(f"{address(assignment)}?student=x"))
    assert "Hand in for a student" in page


def test_api_takes_the_same(
    assignment: Assignment, student: User, lecturer: User
) -> None:
    def post(user: User, **more: Any) -> Any:
        form = {
            "assignment": assignment.pk,
            "student": student.pk,
            "reason": "Sent by mail.",
            "work.ipynb": SimpleUploadedFile("w.ipynb", small_notebook().encode()),
            **more,
        }
        return signed_in(user).post("/api/v1/submissions/for-student/", form)

    at = hours(-3).astimezone(dt.UTC).replace(microsecond=0)
    made = post(lecturer, received_at=at.isoformat(), uses_attempt="false")
    assert made.status_code == 201, made.content
    entry = made.json()["submission"]["on_behalf"]
    assert entry["entered_by"] == lecturer.name
    assert entry["uses_attempt"] is False
    assert made.json()["submission"]["author"]["id"] == student.pk
    assert post(student).status_code == 403
    assert post(staff_of(assignment)).status_code == 403
    assert post(lecturer, student=lecturer.pk).status_code == 400
    future = post(lecturer, received_at="2999-01-01T00:00:00Z").json()["errors"]
    assert [(each["attr"], each["detail"]) for each in future] == [
        ("received_at", "This time is in the future.")
    ]
