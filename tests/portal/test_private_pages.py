"""No proxy and no shared machine keeps a copy of a person's page."""

import pytest
from django.test import Client

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
OF_A_PERSON = ["/", "/account/", "/account/tokens/", "/accounts/email/", "/api/v1/me/"]


@pytest.mark.parametrize("path", OF_A_PERSON)
def test_a_person_s_page_is_not_cached(path: str, client: Client) -> None:
    client.force_login(UserFactory.create())
    assert client.get(path)["Cache-Control"] == "private, no-store"


def test_a_page_s_own_cache_header_is_kept(client: Client) -> None:
    assert "no-cache" in client.get("/healthz")["Cache-Control"]
