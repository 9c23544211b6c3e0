"""Every error has the same shape, and reveals nothing internal."""

import pytest
from django.test import Client
from pytest_django import Settings

from courses.models import Course
from submissions.models import Submission
from tests.api.asking import ROOT, bearer, codes, session_of
from tests.api.described import described_paths
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("courses/nowhere/", 404, "not_found"),
        ("marks/1/", 404, "not_found"),
        ("runs/00000000-0000-4000-8000-000000000000/", 404, "not_found"),
        ("runs/?page=99", 404, "not_found"),
    ],
)
def test_unknown_row_is_404_in_the_one_shape(path: str, status: int, code: str) -> None:
    answer = session_of(UserFactory.create()).get(ROOT + path)
    assert answer.status_code == status
    assert codes(answer) == {(code, None)}


def test_wrong_method_is_405_in_the_one_shape() -> None:
    answer = session_of(UserFactory.create()).delete(f"{ROOT}courses/")
    assert answer.status_code == 405
    assert codes(answer) == {("method_not_allowed", None)}


def test_bad_token_is_401_in_the_one_shape() -> None:
    answer = Client().get(f"{ROOT}me/", headers={"Authorization": "Bearer x"})
    assert codes(answer) == {("bad_token", None)}


def test_internal_error_reveals_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr(type(Course.objects.all()), "visible_to", fail)
    client = session_of(UserFactory.create())
    client.raise_request_exception = False
    answer = client.get(f"{ROOT}courses/")
    assert answer.status_code == 500
    assert b"hunter2" not in answer.content
    assert codes(answer) == {("error", None)}


def test_errors_are_never_html_pages() -> None:
    header = {**bearer(UserFactory.create()), "Accept": "text/html"}
    answer = Client().get(f"{ROOT}courses/", headers=header)
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


UNKNOWN = [
    "/api",
    "/api/",
    "/api/v1/",
    "/api/v2/courses/",
    "/api/v1/runs/17/",
    "/api/v1/nothing/",
    "/api/v1/marks/abc/",
    "/api/v1/submissions.json",
    "/api/v1/marks/1/change/",
    "/api/v1/courses/%2e%2e/",
    "/api/docs/more/",
]


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("method", ["get", "head", "post", "put", "options"])
def test_unknown_address_is_404_for_everybody(path: str, method: str) -> None:
    for client in (Client(), session_of(UserFactory.create())):
        answer = getattr(client, method)(path)
        assert answer.status_code == 404
        assert method == "head" or codes(answer) == {("not_found", None)}


@pytest.mark.parametrize("path", [*described_paths(), f"{ROOT}schema/", "/api/docs/"])
@pytest.mark.parametrize("method", ["get", "head", "post", "put", "delete", "options"])
def test_address_without_its_slash_is_404_and_says_so(path: str, method: str) -> None:
    address = path.format(
        id="00000000-0000-4000-8000-000000000000"
        if any(
            word in path
            for word in ("runs", "submis", "opened", "uploads", "self-checks")
        )
        else 1,
        slug="x",
        name="x",
        attachment=1,
        key="x",
        code="x",
    )
    answer = getattr(Client(), method)(address.rstrip("/"), follow=False)
    assert answer.status_code == 404
    assert method == "head" or address in answer.json()["errors"][0]["detail"]


def test_hand_in_without_the_slash_stores_nothing_and_looks_like_it() -> None:
    client = session_of(UserFactory.create())
    answer = client.post(f"{ROOT}submissions", {"assignment": 1}, follow=True)
    assert answer.status_code == 404
    assert not Submission.objects.exists()


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*"])
@pytest.mark.parametrize("path", ["courses/", "me/", "schema/", "nowhere/"])
def test_request_for_another_format_is_406_in_json(path: str, accept: str) -> None:
    answer = session_of(UserFactory.create()).get(
        ROOT + path, headers={"Accept": accept}
    )
    assert answer.status_code == (404 if path == "nowhere/" else 406)
    assert codes(answer)


@pytest.mark.parametrize("debug", [False, True])
def test_internal_error_is_json_while_debugging_too(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, *, debug: bool
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("hunter2")

    settings.DEBUG = debug
    monkeypatch.setattr(type(Course.objects.all()), "visible_to", fail)
    client = session_of(UserFactory.create())
    client.raise_request_exception = False
    answer = client.get(f"{ROOT}courses/")
    assert answer.status_code == 500
    assert codes(answer) == {("error", None)}
    assert b"hunter2" not in answer.content


def test_unknown_host_is_refused_in_json() -> None:
    answer = Client().get(f"{ROOT}courses/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert codes(answer) == {("bad_request", None)}


def test_body_of_another_type_is_415() -> None:
    client = session_of(UserFactory.create())
    answer = client.post(f"{ROOT}submissions/", "{}", "application/json")
    assert answer.status_code == 415
    assert codes(answer) == {("unsupported_media_type", None)}


def test_unencrypted_request_is_refused_without_a_redirect(
    settings: Settings,
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    answer = Client().post(f"{ROOT}submissions/", {"assignment": 1})
    assert answer.status_code == 403
    assert codes(answer) == {("https_required", None)}


def test_pages_keep_their_slash() -> None:
    assert Client().get("/account").headers["Location"] == "/account/"
