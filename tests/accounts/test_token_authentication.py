"""Which requests a token signs in."""

import pytest
import time_machine
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services import create_token, revoke_token
from tests.factories import UserFactory, hours

pytestmark = pytest.mark.django_db
ME = "/api/v1/me/"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def secret(user: User) -> str:
    return create_token(actor=user, name="laptop", scopes=[ApiToken.Scope.READ])[1]


def status_with(header: str) -> int:
    return Client().get(ME, headers={"Authorization": header}).status_code


def test_token_signs_its_owner_in(user: User, secret: str) -> None:
    answer = Client().get(ME, headers={"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 200
    assert answer.json()["email"] == user.email
    assert answer.json()["scopes"] == ["read"]


def test_scheme_is_read_in_any_case(secret: str) -> None:
    assert status_with(f"bearer {secret}") == 200


def test_request_without_a_token_is_told_what_to_send() -> None:
    answer = Client().get(ME)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Softmark API"'


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer sm_00000000_" + "A" * 43,
        "Bearer {secret}x",
        "Bearer {secret} {secret}",
        "Bearer " + "A" * 5000,
        "Bearer é",
        "Bearer {digest}",
        "Bearer {prefix}",
    ],
)
def test_anything_other_than_the_secret_is_refused(header: str, secret: str) -> None:
    token = ApiToken.objects.get()
    filled = header.format(secret=secret, digest=token.digest, prefix=token.prefix)
    assert status_with(filled) == 401


@pytest.mark.parametrize("scheme", ["Basic", "Token", "bearer:"])
def test_other_schemes_carry_no_token(scheme: str, secret: str) -> None:
    assert status_with(f"{scheme} {secret}") == 401


def test_token_in_the_address_is_ignored(secret: str) -> None:
    for name in ("token", "access_token", "key", "authorization", "bearer"):
        assert Client().get(ME, {name: secret}).status_code == 401


def test_token_in_a_cookie_is_ignored(secret: str) -> None:
    client = Client()
    for name in ("token", "sessionid", "Authorization"):
        client.cookies[name] = secret
    assert client.get(ME).status_code == 401


def test_revoked_token_is_refused_at_once(user: User, secret: str) -> None:
    assert status_with(f"Bearer {secret}") == 200
    revoke_token(actor=user, token=ApiToken.objects.get())
    assert status_with(f"Bearer {secret}") == 401


def test_expired_token_is_refused(user: User) -> None:
    _, secret = create_token(
        actor=user, name="x", scopes=[ApiToken.Scope.READ], expires_at=hours(1)
    )
    assert status_with(f"Bearer {secret}") == 200
    with time_machine.travel(hours(2), tick=False):
        assert status_with(f"Bearer {secret}") == 401


def test_inactive_person_is_refused(user: User, secret: str) -> None:
    user.is_active = False
    user.save()
    assert status_with(f"Bearer {secret}") == 401


def test_refusals_do_not_say_why(user: User, secret: str) -> None:
    unknown = "sm_00000000_" + "A" * 43
    revoke_token(actor=user, token=ApiToken.objects.get())
    bodies = {
        Client().get(ME, headers={"Authorization": f"Bearer {tried}"}).content
        for tried in (secret, unknown, "nonsense")
    }
    assert len(bodies) == 1


def test_bad_token_is_refused_even_beside_a_good_session(user: User) -> None:
    client = Client()
    client.force_login(user)
    answer = client.get(ME, headers={"Authorization": "Bearer nonsense"})
    assert answer.status_code == 401


def test_use_is_recorded(secret: str) -> None:
    assert ApiToken.objects.get().last_used_at is None
    status_with(f"Bearer {secret}")
    assert ApiToken.objects.get().last_used_at is not None


def test_token_does_not_open_pages(secret: str) -> None:
    header = {"Authorization": f"Bearer {secret}"}
    answer = Client().get("/account/tokens/", headers=header)
    assert answer.status_code == 302
    assert "/accounts/login/" in answer.headers["Location"]


def test_session_signs_in_too(user: User) -> None:
    client = Client()
    client.force_login(user)
    assert client.get(ME).json()["scopes"] is None
