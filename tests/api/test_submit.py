"""Handing in through the API."""

import hashlib
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from accounts.throttles import SubmitThrottle
from courses.models import Assignment
from grading.models import GradingRun
from submissions.models import Submission
from tests.api.asking import (
    READ,
    SUBMIT,
    bearer,
    codes,
    content,
    get,
    hand_in,
    notebook_file,
    session_of,
)
from tests.factories import AssignmentFactory, EnrolmentFactory, small_notebook

pytestmark = pytest.mark.django_db
SUBMISSIONS = "/api/v1/submissions/"


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


def test_answer_is_the_receipt_and_the_run(
    student: User, assignment: Assignment
) -> None:
    answer = hand_in(student, assignment)
    assert answer.status_code == 201
    receipt = answer.json()
    submission = Submission.objects.get()
    assert UUID(receipt["submission"]["id"]) == submission.pk
    assert UUID(receipt["run"]["id"]) == submission.runs.get().pk
    assert receipt["run"]["state"] == "queued"


def test_receipt_carries_the_hash_of_what_arrived(
    student: User, assignment: Assignment
) -> None:
    (file,) = hand_in(student, assignment).json()["submission"]["files"]
    sent = small_notebook().encode()
    assert file["sha256"] == hashlib.sha256(sent).hexdigest()
    assert file["size"] == len(sent)
    assert (file["name"], file["original_name"]) == ("work.ipynb", "mine.ipynb")


def test_answer_says_where_the_submission_is(
    student: User, assignment: Assignment
) -> None:
    where = hand_in(student, assignment).headers["Location"]
    answer = session_of(student).get(where)
    assert answer.json()["id"] == str(Submission.objects.get().pk)


def test_handed_in_work_is_queued_for_its_author(
    student: User, assignment: Assignment
) -> None:
    hand_in(student, assignment)
    run = GradingRun.objects.get()
    assert run.work.author == student
    assert run.work.assignment == assignment


def test_token_with_the_submit_scope_hands_in(
    student: User, assignment: Assignment
) -> None:
    form = {"assignment": assignment.pk, "declaration": "true"}
    answer = Client(enforce_csrf_checks=True).post(
        SUBMISSIONS,
        {**form, "work.ipynb": notebook_file()},
        headers=bearer(student, SUBMIT),
    )
    assert answer.status_code == 201, answer.content


def test_token_without_the_submit_scope_does_not(
    student: User, assignment: Assignment
) -> None:
    answer = Client().post(
        SUBMISSIONS,
        {"assignment": assignment.pk, "work.ipynb": notebook_file()},
        headers=bearer(student, READ),
    )
    assert answer.status_code == 403
    assert codes(answer) == {("scope_missing", None)}
    assert not Submission.objects.exists()


def test_session_needs_the_csrf_token(student: User, assignment: Assignment) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    form = {"assignment": assignment.pk, "work.ipynb": notebook_file()}
    assert client.post(SUBMISSIONS, form).status_code == 403
    assert not Submission.objects.exists()


def test_same_key_is_the_same_attempt(student: User, assignment: Assignment) -> None:
    headers = {"Idempotency-Key": "retry-1"}
    first = hand_in(student, assignment, headers=headers)
    second = hand_in(student, assignment, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json()["submission"]["id"] == second.json()["submission"]["id"]
    assert first.json()["run"]["id"] == second.json()["run"]["id"]
    assert Submission.objects.count() == 1


def test_same_key_with_other_files_is_refused_and_stores_nothing(
    student: User, assignment: Assignment
) -> None:
    headers = {"Idempotency-Key": "retry-1"}
    first = hand_in(student, assignment, headers=headers).json()
    other = notebook_file(small_notebook("x = 2"))
    answer = hand_in(student, assignment, headers=headers, **{"work.ipynb": other})
    assert answer.status_code == 409
    assert codes(answer) == {("idempotency_key_reused", None)}
    assert "attempt 1" in answer.json()["errors"][0]["detail"]
    assert Submission.objects.count() == 1
    again = hand_in(student, assignment, headers=headers).json()
    assert again["submission"]["id"] == first["submission"]["id"]


def test_without_a_key_each_post_is_an_attempt(
    student: User, assignment: Assignment
) -> None:
    attempts = [
        hand_in(student, assignment).json()["submission"]["attempt"] for _ in range(2)
    ]
    assert attempts == [1, 2]


@pytest.mark.parametrize("key", ["x" * 65, "två", "a b"])
def test_unusable_key_is_refused(
    student: User, assignment: Assignment, key: str
) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = hand_in(student, assignment, headers=headers)
    assert answer.status_code == 400
    assert {attr for _, attr in codes(answer)} == {"idempotency_key"}
    assert not Submission.objects.exists()


def test_missing_file_is_named(student: User, assignment: Assignment) -> None:
    answer = hand_in(student, assignment, **{"work.ipynb": None})
    assert answer.status_code == 400
    assert ("file_missing", "work.ipynb") in codes(answer)


def test_unexpected_file_is_named(student: User, assignment: Assignment) -> None:
    extra = SimpleUploadedFile("notes.txt", b"hello")
    answer = hand_in(student, assignment, **{"notes.txt": extra})
    assert ("file_unexpected", "notes.txt") in codes(answer)


def test_broken_notebook_is_refused_with_its_line(
    student: User, assignment: Assignment
) -> None:
    broken = notebook_file('{\n  "cells": [,]\n}')
    answer = hand_in(student, assignment, **{"work.ipynb": broken})
    (error,) = answer.json()["errors"]
    assert (error["code"], error["attr"]) == ("notebook_json", "work.ipynb")
    assert "line 2" in error["detail"]
    assert not Submission.objects.exists()


def test_all_files_are_validated_at_once(student: User, assignment: Assignment) -> None:
    extra = SimpleUploadedFile("notes.txt", b"hello")
    answer = hand_in(student, assignment, **{"work.ipynb": None, "notes.txt": extra})
    assert {attr for _, attr in codes(answer)} == {"work.ipynb", "notes.txt"}


def test_closed_assignment_is_refused(student: User, assignment: Assignment) -> None:
    closed = AssignmentFactory.create(course=assignment.course, closed=True)
    answer = hand_in(student, closed)
    assert answer.status_code == 400
    assert {code for code, _ in codes(answer)} == {"closed"}


@pytest.mark.parametrize("declared", [None, "false", ""])
def test_work_must_be_declared_as_the_student_s_own(
    student: User, assignment: Assignment, declared: str | None
) -> None:
    answer = hand_in(student, assignment, declaration=declared)
    assert answer.status_code == 400
    assert {attr for _, attr in codes(answer)} == {"declaration"}


@pytest.mark.parametrize("pk", ["", "x", "0", "-1", None])
def test_assignment_must_be_named(
    student: User, assignment: Assignment, pk: str | None
) -> None:
    answer = hand_in(student, assignment, assignment=pk)
    assert answer.status_code == 400
    assert {attr for _, attr in codes(answer)} == {"assignment"}


def test_too_large_an_assignment_number_is_not_found(
    student: User, assignment: Assignment
) -> None:
    answer = hand_in(student, assignment, assignment="9" * 40)
    assert answer.status_code in {400, 404}


@pytest.mark.parametrize("content_type", ["application/json", "text/plain"])
def test_other_bodies_are_refused(student: User, content_type: str) -> None:
    answer = session_of(student).post(SUBMISSIONS, b"{}", content_type=content_type)
    assert answer.status_code == 415
    assert codes(answer) == {("unsupported_media_type", None)}


def test_malformed_form_is_a_plain_error(student: User) -> None:
    answer = session_of(student).post(
        SUBMISSIONS, b"--x\r\n", content_type="multipart/form-data; boundary="
    )
    assert answer.status_code == 400
    assert codes(answer) == {("parse_error", None)}


def test_body_past_the_limit_is_refused(
    student: User, assignment: Assignment, settings: object
) -> None:
    settings.MAX_SUBMISSION_BYTES = 100  # type: ignore[attr-defined]  # pytest-django's
    answer = hand_in(student, assignment)
    assert answer.status_code == 413
    assert codes(answer) == {("request_too_large", None)}


@pytest.mark.parametrize("sign_in", ["token", "session"])
def test_form_with_very_many_parts_is_no_server_error(
    student: User, assignment: Assignment, sign_in: str
) -> None:
    files = {f"file-{number}": notebook_file() for number in range(40)}
    fields = {f"field-{number}": "x" for number in range(5100)}
    for extra in (files, fields, {"long": "x" * 3_000_000}):
        headers = bearer(student) if sign_in == "token" else None
        answer = hand_in(student, assignment, headers=headers, **extra)
        assert answer.status_code == 400
        assert codes(answer) == {("parse_error", None)}
    assert not Submission.objects.exists()


def test_anonymous_upload_is_not_kept(assignment: Assignment) -> None:
    form = {"assignment": assignment.pk, "work.ipynb": notebook_file()}
    assert Client().post(SUBMISSIONS, form).status_code == 401


def test_too_many_submissions_must_wait(
    student: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SubmitThrottle, "rate", "2/hour")
    answers = [hand_in(student, assignment) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 3600
    assert codes(answers[2]) == {("throttled", None)}


def test_limit_is_per_person_and_not_on_reading(
    student: User, assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SubmitThrottle, "rate", "1/hour")
    other = EnrolmentFactory.create(course=assignment.course).user
    assert hand_in(student, assignment).status_code == 201
    assert hand_in(other, assignment).status_code == 201
    assert len(get(student, "submissions/")["results"]) == 1


def test_file_comes_back_as_it_was_sent(student: User, assignment: Assignment) -> None:
    (file,) = hand_in(student, assignment).json()["submission"]["files"]
    answer = session_of(student).get(file["url"])
    assert content(answer) == small_notebook().encode()
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_only_the_submissions_own_files_are_there(
    student: User, assignment: Assignment
) -> None:
    url = hand_in(student, assignment).json()["submission"]["files"][0]["url"]
    for name in ("other.ipynb", "..%2F..%2Fetc%2Fpasswd", "%00", "work.ipynb%00"):
        assert (
            session_of(student).get(url.replace("work.ipynb", name)).status_code == 404
        )


@pytest.mark.parametrize("declared", [None, "", "maybe"])
def test_missing_declaration_says_what_to_send(
    student: User, assignment: Assignment, declared: str | None
) -> None:
    answer = hand_in(student, assignment, declaration=declared)
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert error["attr"] == "declaration"
    assert "declaration=true" in error["detail"]


def test_missing_assignment_says_what_to_send(
    student: User, assignment: Assignment
) -> None:
    answer = hand_in(student, assignment, assignment=None)
    (error,) = answer.json()["errors"]
    assert error["attr"] == "assignment"
    assert "assignment=1" in error["detail"]


@pytest.mark.parametrize("name", ["idempotency_key", "Idempotency-Key"])
def test_key_among_the_fields_is_refused(
    student: User, assignment: Assignment, name: str
) -> None:
    answer = hand_in(student, assignment, **{name: "retry-1"})
    assert codes(answer) == {("key_not_in_header", name)}
    assert not Submission.objects.exists()


def test_field_that_is_sent_twice_is_refused(
    student: User, assignment: Assignment
) -> None:
    answer = hand_in(student, assignment, assignment=[assignment.pk, 7])
    assert codes(answer) == {("repeated_field", "assignment")}
