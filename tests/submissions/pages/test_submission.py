"""The receipt: the files that arrived, the time, their hashes, and downloads."""

import datetime as dt
from pathlib import Path

import pytest
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from submissions.models import Submission
from submissions.signed_receipts import signed_receipt
from tests.factories import (
    EnrolmentFactory,
    GradingRunFactory,
    OpenedAttemptFactory,
    SubmissionFactory,
    SubmittedFileFactory,
    UserFactory,
    hours,
)
from tests.grading.pages import (
    Answer,
    downloaded,
    signed_in,
    staff_of,
    student_of,
    words,
)

pytestmark = pytest.mark.django_db


def receipt(submission: Submission, user: User | None = None) -> Answer:
    client = signed_in(user or submission.author)
    return client.get(submission.get_absolute_url())


def download(
    submission: Submission, name: str = "work.ipynb", user: User | None = None
) -> Answer:
    client = signed_in(user or submission.author)
    return client.get(reverse("submissions:file", args=[submission.pk, name]))


def test_receipt_names_itself_the_attempt_and_every_hash() -> None:
    submission = SubmissionFactory.create()
    weights = SubmittedFileFactory.create(submission=submission, name="a.safetensors")
    text = words(receipt(submission))
    assert str(submission.pk) in text
    assert f"SHA-256 {weights.sha256}" in text
    assert f"SHA-256 {submission.files.get(name='work.ipynb').sha256}" in text
    assert "sent as my work (3).ipynb" in text


def test_times_are_to_the_second_in_the_courses_zone_and_in_utc() -> None:
    at = dt.datetime(2026, 7, 3, 18, 0, 59, tzinfo=dt.UTC)
    submission = SubmissionFactory.create(
        started_at=at - dt.timedelta(seconds=5), received_at=at
    )
    text = words(receipt(submission))
    assert "3 July 2026, 19:00:59 BST" in text
    assert "2026-07-03 18:00:59 UTC" in text
    assert "19:00:54 BST" in text


@pytest.mark.parametrize(("is_late", "word"), [(True, "Late"), (False, "On time")])
def test_receipt_says_whether_it_was_late(*, is_late: bool, word: str) -> None:
    submission = SubmissionFactory.create(assignment__late=is_late)
    assert word in words(receipt(submission))


def test_runs_are_linked() -> None:
    run = GradingRunFactory.create()
    html = receipt(run.work).content.decode()
    assert html.count(f'href="{run.get_absolute_url()}"') == 2


def test_classmate_and_outsider_get_404_and_staff_the_receipt() -> None:
    submission = SubmissionFactory.create()
    assignment = submission.assignment
    assert receipt(submission, student_of(assignment)).status_code == 404
    assert receipt(submission, UserFactory.create()).status_code == 404
    assert receipt(submission, staff_of(assignment)).status_code == 200


def test_file_comes_back_byte_for_byte_as_a_download() -> None:
    submission = SubmissionFactory.create(notebook='{"cells": []}')
    answer = download(submission)
    assert downloaded(answer) == b'{"cells": []}'
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == 'attachment; filename="work.ipynb"'


def test_staff_download_says_whose_it_is_as_rfc_6266_asks() -> None:
    submission = SubmissionFactory.create(notebook=False)
    submission.author.login = "zoë"
    submission.author.save()
    SubmittedFileFactory.create(submission=submission)
    answer = download(submission, user=staff_of(submission.assignment))
    downloaded(answer)
    assert answer["Content-Disposition"] == (
        "attachment; filename*=utf-8''zo%C3%AB-attempt1-work.ipynb"
    )


def test_files_of_others_are_404() -> None:
    submission = SubmissionFactory.create()
    classmate = student_of(submission.assignment)
    assert download(submission, user=classmate).status_code == 404
    assert download(submission, user=EnrolmentFactory.create().user).status_code == 404


def test_unknown_name_is_404() -> None:
    assert download(SubmissionFactory.create(), "secrets.txt").status_code == 404
    assert download(SubmissionFactory.create(), "..").status_code == 404


def test_receipt_and_run_highlight_the_same_tab() -> None:
    run = GradingRunFactory.create()
    client = signed_in(run.work.author)
    lit = [
        client.get(address).context["tab"]
        for address in (run.work.get_absolute_url(), run.get_absolute_url())
    ]
    assert lit == ["marks", "marks"]


@pytest.mark.parametrize(
    ("minutes", "why"),
    [(20, "so it counts from its opening"), (40, "so it counts from its last byte")],
)
def test_the_receipt_of_an_upload_in_pieces_has_both_times(
    minutes: int, why: str
) -> None:
    submission = SubmissionFactory.create(started_at=hours(-1))
    opened = OpenedAttemptFactory.create(
        assignment=submission.assignment,
        author=submission.author,
        opened_at=submission.started_at,
        submission=submission,
    )
    last = opened.opened_at + dt.timedelta(minutes=minutes)
    upload = opened.uploads.get()
    opened.uploads.update(completed_at=last, offset=upload.size)
    text = words(receipt(submission))
    assert "Last byte arrived" in text
    assert why in text


def test_the_signed_receipt_is_shown_and_downloaded() -> None:
    submission = SubmissionFactory.create()
    assert "-----BEGIN SOFTMARK SIGNATURE-----" in words(receipt(submission))
    address = reverse("submissions:receipt-file", args=[submission.pk])
    answer = signed_in(submission.author).get(address)
    assert answer.content.decode() == signed_receipt(submission)
    assert "attachment" in answer["Content-Disposition"]
    classmate = student_of(submission.assignment)
    assert signed_in(classmate).get(address).status_code == 404


def test_without_its_key_the_page_says_that_the_portal_is_at_fault(
    settings: Settings, tmp_path: Path
) -> None:
    submission = SubmissionFactory.create()
    settings.RECEIPT_KEY_FILE = tmp_path / "key.pem"
    settings.RECEIPT_KEY_FILE.write_text("no key")
    text = words(receipt(submission))
    assert "The signed receipt cannot be made now" in text
    assert str(submission.pk) in text
    client = signed_in(submission.author)
    address = reverse("submissions:receipt-file", args=[submission.pk])
    assert client.get(address).status_code == 302
    assert (
        client.get(f"/api/v1/submissions/{submission.pk}/receipt/").status_code == 503
    )
