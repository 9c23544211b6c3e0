"""The API's page in a real browser, under the portal's content security policy."""

import pytest
from django.test import Client
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from portal.api_description import description
from tests.e2e.looking import flaws_of

pytestmark = [pytest.mark.e2e, pytest.mark.one_database]


@pytest.mark.long
def test_page_shows_the_api_within_the_content_policy(
    page: Page, live_server: LiveServer
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error: {error}"))
    outside: list[str] = []
    page.on("request", lambda request: outside.append(request.url))
    page.goto(f"{live_server.url}/api/docs/")
    expect(page.get_by_text("Softmark API").first).to_be_visible()
    expect(page.locator("#operations-submissions-submissions_create")).to_be_visible()
    hand_in = page.locator("#operations-submissions-submissions_create")
    hand_in.click()
    expect(hand_in.get_by_text("Idempotency-Key").first).to_be_visible()
    problems = [line for line in said if line.startswith(("error", "warning"))]
    assert problems == []
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    assert flaws_of(page) == []
    assert [
        url for url in outside if not url.startswith((live_server.url, "data:"))
    ] == []


@pytest.mark.django_db
def test_page_names_every_operation_parameter_and_document() -> None:
    page = Client().get("/api/docs/").content.decode()
    described = description()
    for path, methods in described["paths"].items():
        assert path in page
        for asked in methods.values():
            assert f'id="operations-{asked["tags"][0]}-{asked["operationId"]}"' in page
            for parameter in asked.get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in page
    for name in described["components"]["schemas"]:
        assert f'id="document-{name}"' in page
