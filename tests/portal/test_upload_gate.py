"""Long bodies are kept for people who have signed in; the others get words."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final
from unittest import mock

import pytest
from django.db import DatabaseError
from django.test import Client

from accounts.models import ApiToken
from accounts.services import create_token
from portal.long_bodies import Refusal
from portal.upload_gate import UNKNOWN, sender_of
from tests.factories import UserFactory
from tests.grading.pages import signed_in, words

pytestmark = pytest.mark.django_db

PAGE: Final = "/courses/a/coursework/b/submit/"


@pytest.fixture(autouse=True)
def _keep_the_connection() -> Iterator[None]:
    """The gate runs in a thread of its own; here it shares the test's connection."""
    with mock.patch("portal.upload_gate.close_old_connections"):
        yield


def head(*fields: str) -> bytes:
    lines = (f"POST {PAGE} HTTP/1.1", "Host: localhost", *fields, "", "")
    return "\r\n".join(lines).encode("latin-1")


def test_a_session_says_who_sends() -> None:
    user = UserFactory.create()
    key = signed_in(user).cookies["sessionid"].value
    assert sender_of(head(f"Cookie: a=b; sessionid={key}")) == str(user.pk)


def test_a_token_says_who_sends() -> None:
    user = UserFactory.create()
    _, secret = create_token(actor=user, name="laptop", scopes=[ApiToken.Scope.SUBMIT])
    assert sender_of(head(f"authorization: bearer  {secret}")) == str(user.pk)


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("Cookie: sessionid=",),
        ("Cookie: sessionid=" + "a" * 32,),
        ("Cookie: sessionid=\x00\xff",),
        ("Authorization: Bearer sm_00000000_" + "A" * 43,),
        ("Authorization: Bearer",),
        ("Authorization: Basic YTpi",),
        ("a line that is no field",),
        tuple(f"A{number}: b" for number in range(200)),
    ],
    ids=lambda fields: str(fields)[:40],
)
def test_nobody_else_is_known(fields: tuple[str, ...]) -> None:
    assert sender_of(head(*fields)) == ""


def test_an_anonymous_session_is_nobody() -> None:
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["seen"] = True
    session.save()
    assert sender_of(head(f"Cookie: sessionid={session.session_key}")) == ""


def test_without_a_database_the_request_goes_on() -> None:
    with mock.patch("portal.upload_gate.SessionStore") as store:
        store.return_value.get.side_effect = DatabaseError
        assert sender_of(head("Cookie: sessionid=a")) == UNKNOWN


@pytest.mark.parametrize("refusal", Refusal)
def test_the_api_says_why_a_body_was_not_kept(refusal: Refusal) -> None:
    answer = send(refusal, "/api/v1/submissions/")
    assert answer.status_code in {401, 429, 503, 507}
    (error,) = answer.json()["errors"]
    assert error["detail"].endswith(".")
    assert ("Retry-After" in answer) == (refusal is not Refusal.SIGNED_OUT)


@pytest.mark.parametrize("refusal", list(Refusal)[1:])
def test_a_page_says_why_a_body_was_not_kept(refusal: Refusal) -> None:
    answer = send(refusal, PAGE)
    assert answer.status_code in {429, 503, 507}
    assert "Your files were not received" in words(answer)


def test_a_page_asks_to_sign_in_first() -> None:
    answer = send(Refusal.SIGNED_OUT, PAGE)
    assert answer["Location"] == f"/accounts/login/?next={PAGE}"


def send(refusal: Refusal, path: str) -> Any:
    connection = SimpleNamespace(body=SimpleNamespace(refusal=refusal))
    environ: dict[str, Any] = {"gunicorn.socket": connection}
    return Client().post(path, **environ)
