"""A download while the store is away, or whose content is lost, is answered in words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from structlog.testing import capture_logs

from portal import store_fault_pages
from storage import store_faults
from storage.blobs import BlobMissingError, blob_path
from storage.downloads import zip_attachment
from submissions.models import SubmittedFile
from tests.api.asking import session_of
from tests.factories import RevisionFileFactory, SubmissionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def store(tmp_path: Path, settings: Settings) -> Path:
    """Give a store of the test's own."""
    options = {**settings.STORAGES["blobs"]["OPTIONS"], "location": tmp_path / "blobs"}
    changed = {**settings.STORAGES["blobs"], "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "blobs": changed}
    return tmp_path / "blobs"


@pytest.fixture
def file() -> SubmittedFile:
    SubmissionFactory.create()
    return SubmittedFile.objects.get()


def page(file: SubmittedFile) -> str:
    return reverse("submissions:file", args=[file.submission_id, file.name])


def api(file: SubmittedFile) -> str:
    return reverse("api:submission-file", args=[file.submission_id, file.name])


def handout_zip(file: SubmittedFile) -> str:
    work = file.submission.assignment
    RevisionFileFactory.create(revision=work.revision, name="data.txt")
    return reverse("courses:handout-zip", args=[work.course.slug, work.slug])


def author(file: SubmittedFile) -> Client:
    return session_of(file.submission.author)


@pytest.mark.parametrize("address", [page, api, handout_zip])
def test_download_is_503_while_the_store_is_away(
    file: SubmittedFile, store: Path, address: Callable[[SubmittedFile], str]
) -> None:
    url = address(file)
    store.rename(store.with_name("away"))
    with capture_logs() as lines:
        answer = author(file).get(url)
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert b"Try again in a few minutes" in answer.content
    assert b"tell your lecturer" in answer.content
    assert [line["code"] for line in lines] == ["store_unreachable"]


@pytest.mark.parametrize("address", [page, api])
def test_lost_content_is_500_in_words_and_one_line_with_its_hash(
    file: SubmittedFile,
    caplog: pytest.LogCaptureFixture,
    address: Callable[[SubmittedFile], str],
) -> None:
    blob_path(file.sha256).unlink()
    with capture_logs() as lines:
        answer = author(file).get(address(file))
    assert answer.status_code == 500
    assert "Retry-After" not in answer
    assert b"must restore the file" in answer.content
    assert b"Traceback" not in answer.content
    assert [(line["code"], line["error"]) for line in lines] == [
        ("stored_file_missing", file.sha256)
    ]
    assert not caplog.records


def test_api_answers_in_its_one_shape(file: SubmittedFile, store: Path) -> None:
    store.rename(store.with_name("away"))
    answer = author(file).get(api(file))
    body = answer.json()
    assert body["type"] == "server_error"
    assert [error["code"] for error in body["errors"]] == ["store_unreachable"]


def test_page_is_the_portal_s_own_and_shows_no_name(
    file: SubmittedFile, store: Path
) -> None:
    store.rename(store.with_name("away"))
    html = author(file).get(page(file)).content.decode()
    assert "css/softmark.css" in html
    assert file.sha256 not in html
    assert str(store) not in html


def test_other_errors_are_not_answered_here() -> None:
    assert store_faults.store_fault_of(ValueError()) is None
    assert store_faults.store_fault_of(OSError(5, "broken")) is None


def test_page_needs_no_database_and_no_request() -> None:
    answer = store_fault_pages.fault_page(store_faults.FULL_STORE)
    assert b"<h1>" in answer.content
    assert b"no room left" in answer.content


def test_zip_whose_first_file_is_lost_is_500(file: SubmittedFile) -> None:
    url = handout_zip(file)
    for path in Path(storages["blobs"].path("")).glob("??/??/*"):
        path.unlink()
    answer = author(file).get(url)
    assert answer.status_code == 500
    assert b"must restore the file" in answer.content


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_zip_breaks_off_at_a_later_file_that_cannot_be_read(
    file: SubmittedFile, how: str
) -> None:
    first, second = (
        RevisionFileFactory.create(name=f"{name}.txt", text=name * 1000)
        for name in ("a", "b")
    )
    packed: Any = zip_attachment([first, second], "all.zip")
    path = blob_path(second.sha256)
    path.unlink()
    if how == "damaged":
        path.write_bytes(b"rotten")
    sent: list[bytes] = []
    with capture_logs() as lines, pytest.raises(BlobMissingError):
        sent.extend(packed.streaming_content)
    assert b"a" * 1000 in b"".join(sent)
    # Without its directory at the end, no program opens a zip.
    assert b"PK\5\6" not in b"".join(sent)
    assert [line["error"] for line in lines] == [second.sha256]
