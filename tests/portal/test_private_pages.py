"""Nothing on the way, and no shared machine, keeps a copy of a person's page."""

import pytest
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
OF_A_PERSON = ["/", "/account/", "/account/tokens/", "/accounts/email/", "/api/v1/me/"]


@pytest.mark.parametrize("path", OF_A_PERSON)
def test_a_persons_page_is_kept_by_nobody(path: str, client: Client) -> None:
    client.force_login(UserFactory.create())
    assert client.get(path)["Cache-Control"] == "private, no-store"


def test_a_page_that_says_how_it_is_kept_has_its_way(client: Client) -> None:
    assert "no-cache" in client.get("/healthz")["Cache-Control"]
