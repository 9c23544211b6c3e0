"""People and tokens in the administration."""

import pytest
from django.test import Client

from accounts.models import ApiToken, User
from accounts.services import create_token
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
USERS, TOKENS = "/admin/accounts/user/", "/admin/accounts/apitoken/"


@pytest.fixture
def client() -> Client:
    client = Client()
    client.force_login(UserFactory.create(site_staff=True))
    return client


@pytest.fixture
def token() -> ApiToken:
    user = UserFactory.create()
    return create_token(actor=user, name="laptop", scopes=[ApiToken.Scope.READ])[0]


def test_person_is_added_by_address(client: Client) -> None:
    form = {"email": "Eve@Example.org", "usable_password": "false"}
    answer = client.post(f"{USERS}add/", form)
    assert answer.status_code == 302, answer.content
    eve = User.objects.get(email="eve@example.org")
    assert not eve.has_usable_password()


def test_address_is_one_person_in_any_case(client: Client) -> None:
    UserFactory.create(email="eve@example.org")
    form = {"email": "EVE@example.org", "usable_password": "false"}
    answer = client.post(f"{USERS}add/", form)
    assert answer.status_code == 200
    assert User.objects.filter(email__iexact="eve@example.org").count() == 1


def test_person_is_changed(client: Client) -> None:
    user = UserFactory.create()
    form = {"email": user.email, "first_name": "Grace", "is_active": "on"}
    assert client.post(f"{USERS}{user.pk}/change/", form).status_code == 302
    user.refresh_from_db()
    assert user.first_name == "Grace"


def test_nobody_is_deleted(client: Client) -> None:
    user = UserFactory.create()
    assert client.post(f"{USERS}{user.pk}/delete/").status_code == 403


def test_tokens_are_listed_without_their_digest(
    client: Client, token: ApiToken
) -> None:
    for page in (TOKENS, f"{TOKENS}{token.pk}/change/"):
        content = client.get(page).content.decode()
        assert token.prefix in content
        assert token.digest not in content


def test_tokens_are_revoked(client: Client, token: ApiToken) -> None:
    form = {"action": "revoke", "_selected_action": [token.pk]}
    assert client.post(TOKENS, form).status_code == 302
    assert not ApiToken.objects.usable().exists()


def test_tokens_are_not_made_here(client: Client) -> None:
    assert client.get(f"{TOKENS}add/").status_code == 403
