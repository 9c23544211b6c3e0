"""Rosters know a person by email address, so staff change it and the person cannot."""

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_person_cannot_add_another_address(client: Client) -> None:
    user = UserFactory.create(email="sam@example.org")
    client.force_login(user)
    client.post("/accounts/email/", {"action_add": "", "email": "other@example.org"})
    known = EmailAddress.objects.values_list("email", flat=True)
    assert list(known) == ["sam@example.org"]


def test_page_says_who_changes_the_address(client: Client) -> None:
    client.force_login(UserFactory.create())
    page = client.get("/accounts/email/").content.decode()
    assert "ask the staff of your course" in page
    assert "action_add" not in page


def test_page_offers_no_choice_of_addresses(client: Client) -> None:
    client.force_login(UserFactory.create(email="sam@example.org"))
    page = client.get("/accounts/email/").content.decode()
    assert "sam@example.org" in page
    assert 'type="radio"' not in page
    assert "Not verified" not in page
