"""Attempts whose files arrive in pieces: open, read, hand in, drop."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.throttles import OpeningThrottle
from courses.models import Assignment
from grading.models import GradingRun
from submissions.models import OpenedAttempt, Submission, Upload
from submissions.upload_pieces import part_path
from tests.api.asking import SUBMIT, bearer, codes, session_of
from tests.api.opening import (
    ATTEMPTS,
    NOTEBOOK,
    VERSION,
    file_row,
    open_attempt,
    patch,
)
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    OpenedAttemptFactory,
    RequiredFileFactory,
    hours,
    small_notebook,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    return AssignmentFactory.create()


@pytest.fixture
def student(assignment: Assignment) -> User:
    return EnrolmentFactory.create(course=assignment.course).user


@pytest.fixture
def client(student: User) -> Client:
    return session_of(student)


def test_an_attempt_is_opened_filled_and_handed_in(
    client: Client, assignment: Assignment
) -> None:
    answer = open_attempt(client, assignment)
    assert answer.status_code == 201
    found = answer.json()
    (file,) = found["files"]
    assert patch(client, file["url"]).status_code == 204
    receipt = client.post(f"{ATTEMPTS}{found['id']}/finish/")
    assert receipt.status_code == 201
    submission = Submission.objects.get()
    assert receipt.json()["submission"]["id"] == str(submission.pk)
    assert submission.received_at == OpenedAttempt.objects.get().opened_at
    assert client.get(answer["Location"]).json()["submission"] == str(submission.pk)


def test_handing_in_again_gives_the_same_receipt(
    client: Client, assignment: Assignment
) -> None:
    found = open_attempt(client, assignment).json()
    patch(client, found["files"][0]["url"])
    first, second = (client.post(f"{ATTEMPTS}{found['id']}/finish/") for _ in "ab")
    assert first.json()["run"]["id"] == second.json()["run"]["id"]
    assert Submission.objects.count() == GradingRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_part_files_go_once_it_is_handed_in(assignment: Assignment) -> None:
    student = EnrolmentFactory.create(course=assignment.course).user
    client = session_of(student)
    found = open_attempt(client, assignment).json()
    patch(client, found["files"][0]["url"])
    path = part_path(Upload.objects.get())
    assert path.read_bytes() == NOTEBOOK
    client.post(f"{ATTEMPTS}{found['id']}/finish/")
    assert not path.exists()


def test_work_whose_bytes_came_too_late_counts_from_its_last_byte(
    client: Client, student: User, assignment: Assignment
) -> None:
    opened = OpenedAttemptFactory.create(
        assignment=assignment, author=student, opened_at=hours(-1)
    )
    upload = opened.uploads.get()
    patch(client, f"/api/v1/uploads/{upload.pk}/")
    client.post(f"{ATTEMPTS}{opened.pk}/finish/")
    upload.refresh_from_db()
    submission = Submission.objects.get()
    assert submission.received_at == upload.completed_at
    assert submission.started_at == opened.opened_at


def test_an_attempt_opened_in_time_is_handed_in_after_the_close(
    client: Client, student: User
) -> None:
    assignment = AssignmentFactory.create(due_at=hours(-0.1))
    EnrolmentFactory.create(course=assignment.course, user=student)
    opened = OpenedAttemptFactory.create(
        assignment=assignment, author=student, opened_at=hours(-0.2)
    )
    patch(client, f"/api/v1/uploads/{opened.uploads.get().pk}/")
    answer = client.post(f"{ATTEMPTS}{opened.pk}/finish/")
    assert answer.status_code == 201
    assert not answer.json()["submission"]["is_late"]


def test_bytes_after_the_allowance_buy_no_time(client: Client, student: User) -> None:
    assignment = AssignmentFactory.create(due_at=hours(-0.8))
    EnrolmentFactory.create(course=assignment.course, user=student)
    opened = OpenedAttemptFactory.create(
        assignment=assignment, author=student, opened_at=hours(-1)
    )
    patch(client, f"/api/v1/uploads/{opened.uploads.get().pk}/")
    answer = client.post(f"{ATTEMPTS}{opened.pk}/finish/")
    assert codes(answer) == {("closed", "non_field_errors")}


def test_an_attempt_that_is_not_complete_is_not_handed_in(
    client: Client, assignment: Assignment
) -> None:
    found = open_attempt(client, assignment).json()
    patch(client, found["files"][0]["url"], NOTEBOOK[:-1])
    answer = client.post(f"{ATTEMPTS}{found['id']}/finish/")
    assert answer.status_code == 409
    assert codes(answer) == {("attempt_incomplete", None)}
    assert not Submission.objects.exists()


def test_files_are_checked_as_those_of_a_form(
    client: Client, assignment: Assignment
) -> None:
    broken = b"{not json"
    found = open_attempt(client, assignment, files=[file_row(broken)]).json()
    patch(client, found["files"][0]["url"], broken)
    answer = client.post(f"{ATTEMPTS}{found['id']}/finish/")
    assert codes(answer) == {("notebook_json", "work.ipynb")}
    assert OpenedAttempt.objects.unfinished().exists()


@pytest.mark.parametrize("damaged", [small_notebook("x = 2").encode(), b"{"])
def test_a_file_that_the_disk_has_damaged_is_asked_for_again(
    client: Client, assignment: Assignment, damaged: bytes
) -> None:
    """Neither other bytes than those declared are handed in, nor is the student blamed."""
    found = open_attempt(client, assignment).json()
    (file,) = found["files"]
    patch(client, file["url"])
    part = part_path(Upload.objects.get())
    part.write_bytes(damaged.ljust(len(NOTEBOOK))[: len(NOTEBOOK)])
    answer = client.post(f"{ATTEMPTS}{found['id']}/finish/")
    assert codes(answer) == {("attempt_incomplete", None)}
    assert "“work.ipynb”" in answer.json()["errors"][0]["detail"]
    assert not Submission.objects.exists()
    patch(client, file["url"])
    assert client.post(f"{ATTEMPTS}{found['id']}/finish/").status_code == 201
    assert Submission.objects.get().files.get().sha256 == file["sha256"]


def test_an_attempt_of_somebody_else_is_not_replaced(
    client: Client, assignment: Assignment
) -> None:
    other = OpenedAttemptFactory.create(assignment=assignment)
    answer = open_attempt(client, assignment, replaces=str(other.pk))
    assert answer.status_code == 201
    assert OpenedAttempt.objects.filter(pk=other.pk).exists()


def test_an_original_name_is_one_visible_line(
    client: Client, assignment: Assignment
) -> None:
    name = "../\u202egnp.\r\n<b>.ipynb"
    file = {**file_row(), "original_name": name}
    (found,) = open_attempt(client, assignment, files=[file]).json()["files"]
    assert found["original_name"].isprintable()
    assert "/" not in found["original_name"]


def test_every_problem_of_the_declaration_is_told(
    client: Client, assignment: Assignment
) -> None:
    RequiredFileFactory.create(revision=assignment.revision, weights=True)
    files = [file_row(b""), file_row(name="x.txt")]
    answer = open_attempt(client, assignment, files=files)
    assert codes(answer) == {
        ("file_empty", "work.ipynb"),
        ("file_missing", "digits.safetensors"),
        ("file_unexpected", "x.txt"),
    }


def test_other_files_are_a_conflict_until_they_replace(
    client: Client, assignment: Assignment
) -> None:
    first = open_attempt(client, assignment).json()["id"]
    files = [file_row(b"other")]
    answer = open_attempt(client, assignment, files=files)
    assert answer.status_code == 409
    assert codes(answer) == {("attempt_open", None)}
    answer = open_attempt(client, assignment, files=files, replaces=first)
    assert answer.status_code == 201


def test_dropping(client: Client, assignment: Assignment) -> None:
    where = open_attempt(client, assignment)["Location"]
    assert client.delete(where).status_code == 204
    assert client.get(where).status_code == 404


def test_what_was_handed_in_is_not_dropped(
    client: Client, assignment: Assignment
) -> None:
    found = open_attempt(client, assignment).json()
    patch(client, found["files"][0]["url"])
    client.post(f"{ATTEMPTS}{found['id']}/finish/")
    answer = client.delete(f"{ATTEMPTS}{found['id']}/")
    assert codes(answer) == {("handed_in", None)}
    assert Submission.objects.exists()


def test_an_expired_attempt_is_gone(client: Client, student: User) -> None:
    opened = OpenedAttemptFactory.create(author=student, opened_at=hours(-25))
    EnrolmentFactory.create(course=opened.assignment.course, user=student)
    answer = client.post(f"{ATTEMPTS}{opened.pk}/finish/")
    assert answer.status_code == 410


@pytest.mark.parametrize(
    "fields",
    [
        {"declaration": False},
        {"files": []},
        {"files": [{"name": "work.ipynb", "size": -1, "sha256": "a" * 64}]},
        {"files": [{"name": "work.ipynb", "size": 2**63, "sha256": "a" * 64}]},
        {"files": [{"name": "work.ipynb", "size": 5, "sha256": "A" * 64}]},
        {"files": [file_row()] * 33},
        {"files": "work.ipynb"},
        {"replaces": "x"},
    ],
)
def test_a_wrong_declaration_is_refused(
    client: Client, assignment: Assignment, fields: dict[str, object]
) -> None:
    assert open_attempt(client, assignment, **fields).status_code == 400


@pytest.mark.parametrize("name", ["\x00", "\ud800", "../x", "a\r\nb", "x" * 120])
def test_strange_names_are_refused_in_words(
    client: Client, assignment: Assignment, name: str
) -> None:
    answer = open_attempt(client, assignment, files=[file_row(name=name)])
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"[" * 60_000, b"\xff", b'{"size": 1' + b"0" * 5000 + b"}"],
    ids=["empty", "list", "nested", "bytes", "digits"],
)
def test_a_body_that_is_no_object_is_refused(client: Client, body: bytes) -> None:
    answer = client.post(ATTEMPTS, body, content_type="application/json")
    assert answer.status_code == 400


def test_a_long_body_is_not_read(client: Client) -> None:
    body = b'{"a": "' + b"x" * 70_000 + b'"}'
    answer = client.post(ATTEMPTS, body, content_type="application/json")
    assert answer.status_code == 413


def test_a_token_that_may_hand_in_does_all_of_it(
    student: User, assignment: Assignment
) -> None:
    client = Client(headers=bearer(student, SUBMIT))
    found = open_attempt(client, assignment).json()
    assert patch(client, found["files"][0]["url"]).status_code == 204
    assert client.post(f"{ATTEMPTS}{found['id']}/finish/").status_code == 201


def test_a_session_needs_the_csrf_token(student: User, assignment: Assignment) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(student)
    assert open_attempt(client, assignment).status_code == 403
    upload = OpenedAttemptFactory.create(assignment=assignment, author=student)
    url = f"/api/v1/uploads/{upload.uploads.get().pk}/"
    assert patch(client, url).status_code == 403
    assert client.delete(url, headers=VERSION).status_code == 403
    named = {**VERSION, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}
    kind = "application/offset+octet-stream"
    answer = client.post(url, NOTEBOOK, content_type=kind, headers=named)
    assert answer.status_code == 403


def test_opening_is_limited(client: Client, assignment: Assignment) -> None:
    most = int(OpeningThrottle.rate.partition("/")[0])
    for _ in range(most):
        assert open_attempt(client, assignment).status_code == 201
    assert open_attempt(client, assignment).status_code == 429


def test_files_are_checked_before_anything_is_declared(
    client: Client, assignment: Assignment
) -> None:
    assignment.self_check_limit = 1
    assignment.save()
    fields = {"declaration": False, "for_check": True}
    found = open_attempt(client, assignment, **fields).json()
    where = f"{ATTEMPTS}{found['id']}/"
    assert not found["is_declared"]
    assert codes(client.post(f"{where}check/")) == {("attempt_incomplete", None)}
    patch(client, found["files"][0]["url"])
    key = {"Idempotency-Key": "k"}
    answer = client.post(f"{where}check/", headers=key)
    assert answer.status_code == 201
    assert client.get(answer["Location"]).json()["state"] == "queued"
    assert (
        client.post(f"{where}check/", headers=key).json()["id"] == answer.json()["id"]
    )
    assert codes(client.post(f"{where}check/")) == {
        ("no_self_check_left", "non_field_errors")
    }

    refused = client.post(f"{where}finish/")
    assert codes(refused) == {("declaration_missing", "declaration")}
    again = open_attempt(client, assignment).json()
    assert (again["id"], again["is_declared"]) == (found["id"], True)
    # Another check takes nothing of the declaration back.
    assert open_attempt(client, assignment, **fields).json()["is_declared"]
    assert client.post(f"{where}finish/").status_code == 201
    assert codes(client.post(f"{where}check/")) == {("handed_in", None)}
