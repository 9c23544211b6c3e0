"""The protocol tus 1.0: core, creation, termination, expiration, checksum."""

import base64
from typing import Any

import pytest
from django.test import Client
from django.utils.http import http_date

from storage.part_files import locked_part
from submissions.models import OpenedAttempt, Upload
from submissions.upload_pieces import part_path
from tests.api.asking import READ, SUBMIT, bearer, codes, session_of
from tests.api.opening import ATTEMPTS, NOTEBOOK, VERSION, checksum, patch
from tests.factories import (
    EnrolmentFactory,
    OpenedAttemptFactory,
    UserFactory,
    hours,
)

pytestmark = pytest.mark.django_db
SIZE = len(NOTEBOOK)


@pytest.fixture
def opened() -> OpenedAttempt:
    return OpenedAttemptFactory.create()


@pytest.fixture
def upload(opened: OpenedAttempt) -> Upload:
    return opened.uploads.get()


@pytest.fixture
def url(upload: Upload) -> str:
    return f"/api/v1/uploads/{upload.pk}/"


@pytest.fixture
def client(opened: OpenedAttempt) -> Client:
    return session_of(opened.author)


def create(client: Client, opened: OpenedAttempt, **headers: str) -> Any:
    name = base64.b64encode(b"work.ipynb").decode()
    sent = {
        **VERSION,
        "Upload-Length": str(SIZE),
        "Upload-Metadata": f"filename {name}",
        **{key.replace("_", "-"): value for key, value in headers.items()},
    }
    return client.post(f"{ATTEMPTS}{opened.pk}/uploads/", headers=sent)


def head(client: Client, url: str) -> Any:
    return client.head(url, headers=VERSION)


# --- Core --------------------------------------------------------------------


def test_head_says_how_far_it_is(client: Client, url: str) -> None:
    patch(client, url, NOTEBOOK[:7])
    answer = head(client, url)
    assert answer.status_code == 200
    assert answer["Upload-Offset"] == "7"
    assert answer["Upload-Length"] == str(SIZE)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Tus-Resumable"] == "1.0.0"


def test_patch_says_where_to_go_on(client: Client, url: str) -> None:
    answer = patch(client, url, NOTEBOOK[:7])
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "7")
    answer = patch(client, url, NOTEBOOK[7:], 7)
    assert (answer.status_code, answer["Upload-Offset"]) == (204, str(SIZE))


def test_a_repeated_piece_is_a_conflict_with_the_offset(
    client: Client, url: str
) -> None:
    patch(client, url, NOTEBOOK[:7])
    answer = patch(client, url, NOTEBOOK[:7])
    assert (answer.status_code, answer["Upload-Offset"]) == (409, "7")


def test_options_say_what_is_supported(client: Client, url: str) -> None:
    answer = client.options(url)
    assert answer.status_code == 204
    assert answer["Tus-Version"] == "1.0.0"
    extensions = set(answer["Tus-Extension"].split(","))
    assert extensions == {"creation", "termination", "expiration", "checksum"}
    assert answer["Tus-Checksum-Algorithm"] == "sha1,sha256"


@pytest.mark.parametrize("version", ["", "0.2.2", "2.0.0"])
def test_another_version_is_refused(client: Client, url: str, version: str) -> None:
    answer = patch(client, url, Tus_Resumable=version)
    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content_Type": "application/json"}, 415),
        ({"Upload_Offset": ""}, 400),
        ({"Upload_Offset": "-1"}, 400),
        ({"Upload_Offset": "1" * 30}, 400),
        ({"Upload_Offset": "٣"}, 400),
        ({"Upload_Checksum": "md5 abcd"}, 400),
        ({"Upload_Checksum": "sha1"}, 460),
        ({"Upload_Checksum": "sha1 a"}, 400),
        ({"Upload_Checksum": "sha1 é"}, 400),
    ],
)
def test_a_wrong_header_is_refused(
    client: Client, url: str, headers: Any, status: int
) -> None:
    answer = patch(client, url, **headers)
    assert answer.status_code == status
    assert answer["Tus-Resumable"] == "1.0.0"
    assert head(client, url)["Upload-Offset"] == "0"


def test_more_than_was_declared_is_refused(client: Client, url: str) -> None:
    answer = patch(client, url, NOTEBOOK + b"x")
    assert answer.status_code == 413
    assert head(client, url)["Upload-Offset"] == "0"


def test_a_post_may_name_the_method(client: Client, url: str) -> None:
    answer = client.post(
        url,
        NOTEBOOK[:7],
        content_type="application/offset+octet-stream",
        headers={**VERSION, "X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"},
    )
    assert (answer.status_code, answer["Upload-Offset"]) == (204, "7")


def test_a_second_request_at_the_same_time_is_told_so(
    client: Client, url: str, upload: Upload
) -> None:
    with locked_part(part_path(upload)):
        answer = patch(client, url)
    assert answer.status_code == 423
    assert codes(answer) == {("upload_busy", None)}


def test_a_wrong_hash_is_told_in_words(client: Client, url: str) -> None:
    answer = patch(client, url, b"x" * SIZE)
    assert (answer.status_code, answer["Upload-Offset"]) == (422, "0")
    (error,) = answer.json()["errors"]
    assert error["code"] == "wrong_sha256"
    assert "SHA-256" in error["detail"]


# --- Creation ----------------------------------------------------------------


def test_creation_answers_where_the_declared_file_is(
    client: Client, opened: OpenedAttempt, url: str
) -> None:
    answer = create(client, opened)
    assert answer.status_code == 201
    assert answer["Location"].endswith(url)


@pytest.mark.parametrize(
    "headers",
    [
        {"Upload_Length": str(SIZE + 1)},
        {"Upload_Length": ""},
        {"Upload_Metadata": ""},
        {"Upload_Metadata": "filename !"},
        {"Upload_Metadata": "filename /w=="},
        {"Upload_Metadata": "filename b3RoZXI="},
        {"Upload_Metadata": "filename é"},
        {"Upload_Metadata": "filename AHdvcms="},  # NUL, which PostgreSQL refuses
    ],
)
def test_what_was_not_declared_is_not_created(
    client: Client, opened: OpenedAttempt, headers: dict[str, str]
) -> None:
    assert create(client, opened, **headers).status_code == 400
    assert opened.uploads.count() == 1


# --- Termination and expiration ----------------------------------------------


def test_deleting_a_file_drops_its_attempt(client: Client, url: str) -> None:
    assert client.delete(url, headers=VERSION).status_code == 204
    assert head(client, url).status_code == 404
    assert not OpenedAttempt.objects.exists()


def test_answers_say_when_the_upload_expires(
    client: Client, opened: OpenedAttempt, url: str
) -> None:
    date = http_date(opened.expires_at.timestamp())
    assert patch(client, url, NOTEBOOK[:7])["Upload-Expires"] == date
    assert head(client, url)["Upload-Expires"] == date
    assert create(client, opened)["Upload-Expires"] == date


def test_an_expired_upload_is_gone(
    client: Client, opened: OpenedAttempt, url: str
) -> None:
    OpenedAttempt.objects.update(
        opened_at=hours(-3), complete_by=hours(-2), expires_at=hours(-1)
    )
    for answer in (patch(client, url), head(client, url), create(client, opened)):
        assert answer.status_code == 410


# --- Checksum ----------------------------------------------------------------


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_piece_is_checked(client: Client, url: str, name: str) -> None:
    wrong = patch(client, url, NOTEBOOK[:7], Upload_Checksum=checksum(b"x", name))
    assert (wrong.status_code, wrong["Upload-Offset"]) == (460, "0")
    right = checksum(NOTEBOOK[:7], name)
    assert patch(client, url, NOTEBOOK[:7], Upload_Checksum=right).status_code == 204


# --- Who may -----------------------------------------------------------------


def test_nobody_else_sees_the_upload(opened: OpenedAttempt, url: str) -> None:
    course = opened.assignment.course
    others = [
        EnrolmentFactory.create(course=course).user,
        EnrolmentFactory.create(course=course, lecturer=True).user,
        UserFactory.create(site_staff=True),
    ]
    for other in others:
        client = session_of(other)
        for answer in (
            head(client, url),
            patch(client, url),
            create(client, opened),
            client.delete(url, headers=VERSION),
        ):
            assert answer.status_code == 404
    assert OpenedAttempt.objects.exists()


def test_a_token_that_only_reads_sends_nothing(opened: OpenedAttempt, url: str) -> None:
    reading = Client(headers=bearer(opened.author, READ))
    assert patch(reading, url).status_code == 403
    assert head(reading, url).status_code == 200


def test_a_token_that_only_hands_in_may_ask_how_far_it_is(
    opened: OpenedAttempt, url: str
) -> None:
    sending = Client(headers=bearer(opened.author, SUBMIT))
    assert head(sending, url).status_code == 200
    assert patch(sending, url).status_code == 204
