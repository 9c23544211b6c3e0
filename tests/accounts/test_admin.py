"""People and tokens in the administration."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
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


def test_revoking_is_in_the_history_and_in_the_log(
    client: Client, token: ApiToken, caplog: pytest.LogCaptureFixture
) -> None:
    form = {"action": "revoke", "_selected_action": [token.pk]}
    with caplog.at_level("INFO", logger="accounts"):
        client.post(TOKENS, form)
        client.post(TOKENS, form)
    assert [entry.get_change_message() for entry in LogEntry.objects.all()] == [
        "Revoked."
    ]
    assert caplog.text.count("token_revoked") == 1
    assert token.prefix in caplog.text


def test_all_tokens_of_a_person_are_revoked_at_once(
    client: Client, token: ApiToken
) -> None:
    other = create_token(
        actor=UserFactory.create(), name="x", scopes=[ApiToken.Scope.READ]
    )[0]
    create_token(actor=token.user, name="second", scopes=[ApiToken.Scope.READ])
    form = {"action": "revoke_tokens", "_selected_action": [token.user_id]}
    assert client.post(USERS, form).status_code == 302
    assert list(ApiToken.objects.usable()) == [other]
    assert LogEntry.objects.count() == 2


def test_page_of_a_person_lists_their_tokens_without_secrets(
    client: Client, token: ApiToken
) -> None:
    content = client.get(f"{USERS}{token.user_id}/change/").content.decode()
    assert token.prefix in content
    assert token.digest not in content


def test_staff_who_are_no_site_staff_revoke_nothing(token: ApiToken) -> None:
    person = UserFactory.create(is_staff=True)
    person.user_permissions.add(Permission.objects.get(codename="view_apitoken"))
    client = Client()
    client.force_login(person)
    client.post(TOKENS, {"action": "revoke", "_selected_action": [token.pk]})
    assert ApiToken.objects.usable().exists()
