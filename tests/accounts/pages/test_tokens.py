"""The pages on which a person makes and revokes tokens."""

import re

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services import create_token
from accounts.throttles import TokenCreationThrottle
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
TOKENS, NEW = "/account/tokens/", "/account/tokens/new/"
FORM = {"name": "laptop", "scopes": ["read", "submit"], "lifetime": "30"}
PASSWORD = "correct horse battery staple"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> Client:
    """Signed in, and asked for the password a moment ago."""
    client = Client()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def secret_on(page: bytes) -> str:
    found = re.search(r"sm_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", page.decode())
    assert found is not None
    return found.group()


def test_new_token_is_shown_once(client: Client) -> None:
    answer = client.post(NEW, FORM)
    assert answer.status_code == 200
    secret = secret_on(answer.content)
    assert secret.encode() not in client.get(TOKENS).content


def test_new_token_works(client: Client, user: User) -> None:
    secret = secret_on(client.post(NEW, FORM).content)
    header = {"Authorization": f"Bearer {secret}"}
    answer = Client().get("/api/v1/me/", headers=header)
    assert answer.json()["id"] == user.pk


def test_page_with_the_secret_is_not_cached(client: Client) -> None:
    assert "no-store" in client.post(NEW, FORM).headers["Cache-Control"]


def test_token_expires_as_chosen(client: Client) -> None:
    client.post(NEW, FORM)
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert (token.expires_at - token.created_at).days in {29, 30}


def test_token_may_last_until_it_is_revoked(client: Client) -> None:
    client.post(NEW, {**FORM, "lifetime": "never"})
    assert ApiToken.objects.get().expires_at is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 81},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"lifetime": "99999"},
    ],
)
def test_wrong_form_makes_no_token(
    client: Client, wrong: dict[str, str | list[str]]
) -> None:
    answer = client.post(NEW, {**FORM, **wrong})
    assert answer.status_code == 400
    assert not ApiToken.objects.exists()


def test_owner_and_digest_cannot_be_sent(client: Client, user: User) -> None:
    other = UserFactory.create()
    client.post(NEW, {**FORM, "user": other.pk, "digest": "0" * 64, "prefix": "sm_x"})
    token = ApiToken.objects.get()
    assert token.user == user
    assert token.digest != "0" * 64


def test_session_without_a_fresh_password_makes_no_token(user: User) -> None:
    client = Client()
    client.force_login(user)
    answer = client.post(NEW, FORM)
    assert answer.status_code == 302
    assert "/accounts/reauthenticate/" in answer.headers["Location"]
    assert not ApiToken.objects.exists()


def test_token_is_made_once_the_password_was_given_again(user: User) -> None:
    client = Client()
    client.force_login(user)
    where = client.post(NEW, FORM).headers["Location"]
    answer = client.post(where, {"password": PASSWORD})
    assert answer.status_code == 200
    assert secret_on(answer.content).startswith(ApiToken.objects.get().prefix)


def test_opening_the_address_of_the_form_leads_to_the_list(client: Client) -> None:
    answer = client.get(NEW)
    assert answer.status_code == 302
    assert answer.headers["Location"] == TOKENS


def test_form_needs_the_csrf_token(user: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(user)
    assert client.post(NEW, FORM).status_code == 403


def test_too_many_new_tokens_must_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenCreationThrottle, "rate", "2/hour")
    answers = [client.post(NEW, FORM) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert 0 < int(answers[2].headers["Retry-After"]) <= 3600
    assert ApiToken.objects.count() == 2


def test_list_shows_only_the_person_s_own_tokens(client: Client, user: User) -> None:
    create_token(actor=user, name="my laptop", scopes=[ApiToken.Scope.READ])
    other = UserFactory.create()
    create_token(actor=other, name="their laptop", scopes=[ApiToken.Scope.READ])
    page = client.get(TOKENS).content.decode()
    assert "my laptop" in page
    assert "their laptop" not in page


def test_revoked_token_no_longer_works(client: Client, user: User) -> None:
    token, secret = create_token(actor=user, name="x", scopes=[ApiToken.Scope.READ])
    assert client.post(f"{TOKENS}{token.pk}/revoke/").status_code == 302
    header = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/me/", headers=header).status_code == 401


def test_somebody_elses_token_is_not_found(client: Client) -> None:
    other = UserFactory.create()
    token, _ = create_token(actor=other, name="x", scopes=[ApiToken.Scope.READ])
    assert client.post(f"{TOKENS}{token.pk}/revoke/").status_code == 404
    assert ApiToken.objects.usable().exists()


def test_revoking_needs_a_post(client: Client, user: User) -> None:
    token, _ = create_token(actor=user, name="x", scopes=[ApiToken.Scope.READ])
    assert client.get(f"{TOKENS}{token.pk}/revoke/").status_code == 405
