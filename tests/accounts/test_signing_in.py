"""Signing in and passwords: the words used, and the end of other sessions."""

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
OLD, NEW = "a-long-old-password", "a-long-new-password"


@pytest.fixture
def user() -> User:
    user = UserFactory.create(email="sam@example.org")
    user.set_password(OLD)
    user.save()
    return user


def sign_in(password: str, client: Client | None = None) -> str:
    answer = (client or Client()).post(
        "/accounts/login/",
        {"login": "sam@example.org", "password": password},
        follow=True,
    )
    return answer.content.decode()


@pytest.mark.usefixtures("user")
def test_wrong_password_says_what_to_do() -> None:
    page = sign_in("wrong")
    assert "The address or the password is wrong" in page
    assert "Forgot your password?" in page


@pytest.mark.usefixtures("user")
def test_signing_in_opens_the_home_page_without_a_notice() -> None:
    page = sign_in(OLD)
    assert "Hello," in page
    assert "alert--success" not in page


@pytest.mark.parametrize("path", ["login", "password/change"])
def test_labels_are_sentences(user: User, client: Client, path: str) -> None:
    if path != "login":
        client.force_login(user)
    page = client.get(f"/accounts/{path}/").content.decode()
    for title_case in ("Remember Me", "Current Password", "New Password"):
        assert title_case not in page


@pytest.mark.usefixtures("user")
def test_changed_password_ends_every_other_session_only() -> None:
    here, elsewhere = Client(), Client()
    for client in (here, elsewhere):
        sign_in(OLD, client)
    here.post(
        "/accounts/password/change/",
        {"oldpassword": OLD, "password1": NEW, "password2": NEW},
    )
    assert here.get("/account/").status_code == 200
    assert elsewhere.get("/account/").status_code == 302
