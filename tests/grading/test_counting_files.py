"""The zip of the attempts that count: whose are in it, its names, table and record."""

import csv
import io
import tracemalloc
import zipfile
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from accounts.throttles import BulkDownloadThrottle
from courses.models import Assignment, CourseChange
from formats.choices import Counting
from storage.blob_names import blob_name
from submissions.models import Submission, SubmittedFile
from tests.factories import (
    AssignmentFactory,
    EnrolmentFactory,
    GradingRunFactory,
    SubmissionFactory,
    SubmittedFileFactory,
    store_text,
)
from tests.grading.pages import signed_in, staff_of, student_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def assignment() -> Assignment:
    row: Assignment = AssignmentFactory.create(counting=Counting.BEST)
    return row


def named(assignment: Assignment, login: str, **names: str) -> User:
    enrolment = EnrolmentFactory.create(course=assignment.course, user__login=login)
    for name, value in names.items():
        setattr(enrolment.user, name, value)
    enrolment.user.save()
    user: User = enrolment.user
    return user


def attempt(assignment: Assignment, student: User, points: int | None) -> Submission:
    submission: Submission = SubmissionFactory.create(
        assignment=assignment,
        author=student,
        notebook=f'{{"cells": [], "points": "{points}"}}',
    )
    done = {} if points is None else {"finished": True, "automatic_points": points}
    GradingRunFactory.create(submission=submission, **done)
    return submission


def address(assignment: Assignment) -> str:
    return reverse(
        "grading:counting-files", args=[assignment.course.slug, assignment.slug]
    )


def zip_of(assignment: Assignment) -> zipfile.ZipFile:
    answer: Any = signed_in(staff_of(assignment)).post(address(assignment))
    assert answer.status_code == 200
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def table_of(archive: zipfile.ZipFile) -> list[dict[str, str]]:
    text = archive.read("manifest.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_each_counting_attempt_has_a_folder_and_rows_in_the_table(
    assignment: Assignment,
) -> None:
    zoe = named(assignment, "zs1234")
    attempt(assignment, zoe, 9)
    attempt(assignment, zoe, 4)
    waiting = named(assignment, "waiting")
    attempt(assignment, waiting, None)
    archive = zip_of(assignment)
    assert archive.namelist() == ["zs1234_1/work.ipynb", "manifest.csv"]
    assert b'"points": "9"' in archive.read("zs1234_1/work.ipynb")
    assert archive.testzip() is None
    there, not_there = table_of(archive)
    assert (there["folder"], there["login"], there["attempt"]) == (
        "zs1234_1",
        "zs1234",
        "1",
    )
    assert there["state"] == "in the zip"
    assert (not_there["login"], not_there["state"]) == (
        "waiting",
        "no attempt counts yet",
    )


def test_names_are_safe_and_unique_and_the_table_holds_no_formula(
    assignment: Assignment,
) -> None:
    for login in ("con", "Ab", "aB", "../x", '=HYPERLINK("x")'):
        attempt(assignment, named(assignment, login, first_name="=1+1"), 1)
    archive = zip_of(assignment)
    folders = {name.partition("/")[0].casefold() for name in archive.namelist()}
    assert len(folders) == 6
    assert all(".." not in name.split("/") for name in archive.namelist())
    cells = [cell for row in table_of(archive) for cell in row.values()]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert any(cell.startswith("'=HYPERLINK") for cell in cells)


def test_a_lost_file_does_not_keep_staff_from_the_others(
    assignment: Assignment,
) -> None:
    lost, kept = (attempt(assignment, student_of(assignment), n) for n in (1, 2))
    SubmittedFile.objects.filter(submission=lost).update(sha256="0" * 64)
    archive = zip_of(assignment)
    states = {row["sha256"]: row["state"] for row in table_of(archive)}
    assert states["0" * 64].startswith("missing")
    assert states[kept.files.get().sha256] == "in the zip"
    assert len(archive.namelist()) == 2
    assert blob_name("0" * 64) not in archive.namelist()


def test_it_is_recorded_for_staff_and_limited(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt(assignment, student_of(assignment), 1)
    zip_of(assignment)
    change = CourseChange.objects.get()
    assert "1 attempt, 1 file." in change.summary
    assert not change.is_public
    monkeypatch.setattr(BulkDownloadThrottle, "rate", "1/hour")
    client = signed_in(staff_of(assignment))
    first: Any = client.post(address(assignment))
    b"".join(first.streaming_content)
    assert client.post(address(assignment)).status_code == 302


def test_it_is_packed_in_pieces(assignment: Assignment) -> None:
    """A file of 40 MB takes a few pieces of memory, not itself."""
    submission = attempt(assignment, student_of(assignment), 1)
    digest, size = store_text("x" * (40 << 20))
    SubmittedFileFactory.create(
        submission=submission, name="weights.bin", sha256=digest, size=size
    )
    answer: Any = signed_in(staff_of(assignment)).post(address(assignment))
    tracemalloc.start()
    sent = sum(len(piece) for piece in answer.streaming_content)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sent > size
    assert peak < 8 << 20


def test_api_sends_the_same_zip_to_staff(assignment: Assignment) -> None:
    attempt(assignment, named(assignment, "zs1234"), 1)
    path = "/api/v1/submissions/counting/"
    client = signed_in(staff_of(assignment))
    answer: Any = client.get(path, {"assignment": assignment.pk})
    names = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))).namelist()
    assert names == ["zs1234_1/work.ipynb", "manifest.csv"]
    assert client.get(path).status_code == 400
    assert client.get(path, {"assignment": "x"}).status_code == 400
    assert client.get(path, {"assignment": 10**9}).status_code == 404
    assert client.get(path, {"assignment": 1, "x": 1}).status_code == 400
