"""Mail names the portal, says what to do, and uses no technical words."""

import pytest
from django.core import mail
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def reset(client: Client, address: str) -> mail.EmailMessage:
    client.post("/accounts/password/reset/", {"email": address})
    return mail.outbox[-1]


def test_link_for_a_new_password_arrives(client: Client) -> None:
    UserFactory.create(email="sam@example.org")
    message = reset(client, "sam@example.org")
    assert message.subject == "Softmark: Choose your password"
    assert "/accounts/password/reset/key/" in message.body
    assert message.body.startswith("Hello,\n")


def test_unknown_address_is_told_whom_to_ask(client: Client) -> None:
    message = reset(client, "who@example.org")
    assert message.subject == "Softmark: No account with this address"
    assert "ask the staff of your course" in message.body
    assert "sign up" not in message.body
