"""The server's clock says when an upload began; unknown people may not send files."""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

from django.contrib.auth.models import AnonymousUser
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django.fixtures import Settings

from accounts.models import User
from submissions.arrival import (
    upload_arrived_at,
    upload_started_at,
    upload_was_too_large,
)

MINUTE = dt.timedelta(minutes=1)


@contextmanager
def upload(user: User | AnonymousUser, size: int = 10) -> Iterator[HttpRequest]:
    """Return a request with a file between two fields; close it as servers do."""
    file = SimpleUploadedFile("work.ipynb", b"x" * size)
    request = RequestFactory().post("/", {"first": "1", "file": file, "last": "2"})
    request.user = user
    yield request
    request.close()


def test_the_time_is_recorded_before_the_files_are_read() -> None:
    with upload(User()) as request:
        before = timezone.now()
        assert list(request.FILES) == ["file"]
        after = timezone.now()
        assert before <= upload_started_at(request) <= after


def test_reading_the_time_again_gives_the_same() -> None:
    with upload(User()) as request:
        assert request.POST["last"] == "2"
        assert upload_started_at(request) == upload_started_at(request)


def test_a_request_without_files_began_now() -> None:
    started = upload_started_at(RequestFactory().get("/"))
    assert timezone.now() - started < dt.timedelta(seconds=5)


def test_the_web_server_says_when_the_first_and_the_last_byte_arrived() -> None:
    """On a busy portal, the view begins long after that."""
    began, arrived = timezone.now() - MINUTE, timezone.now() - MINUTE / 2
    connection = SimpleNamespace(began_at=began, arrived_at=arrived)
    request = RequestFactory().post("/")
    request.META["gunicorn.socket"] = connection
    assert upload_started_at(request) == began
    assert upload_arrived_at(request) == arrived


def test_without_the_web_servers_note_a_request_has_arrived_now() -> None:
    assert timezone.now() - upload_arrived_at(RequestFactory().get("/")) < MINUTE


def test_files_of_unknown_people_are_discarded() -> None:
    with upload(AnonymousUser()) as request:
        assert not request.FILES


def test_body_past_the_limit_keeps_the_fields_before_its_files(
    settings: Settings,
) -> None:
    settings.MAX_SUBMISSION_BYTES = 500
    with upload(User(), size=1000) as request:
        assert request.POST["first"] == "1"
        assert not request.FILES
        assert upload_was_too_large(request)


def test_body_within_the_limit_is_kept() -> None:
    with upload(User(), size=1000) as request:
        assert [len(file.read()) for file in request.FILES.getlist("file")] == [1000]
        assert not upload_was_too_large(request)
