"""The settings page on which a person makes, renews and ends a calendar address."""

import datetime as dt
import logging
import re
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from gunicorn.config import Config

from accounts.models import User
from accounts.throttles import TokenCreationThrottle
from courses.models import CalendarFeed
from portal.gunicorn import MaskingLogger
from portal.log_redaction import MaskSecrets, masked
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE, NEW, END = (f"/account/calendar/{end}" for end in ("", "new/", "end/"))
PASSWORD = "correct horse battery staple"


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def client(user: User) -> Client:
    """Give a signed-in client that has just confirmed the password."""
    client = Client()
    client.force_login(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def address_on(answer: Any) -> str:
    found = re.search(r"/calendar/[\w-]{43}\.ics", answer.content.decode())
    assert found is not None
    return found.group()


def test_new_address_is_shown_once_and_works(client: Client) -> None:
    answer = client.post(NEW)
    address = address_on(answer)
    host = settings.SITE_URL.split("://")[1]
    assert f'href="webcal://{host}{address}"' in answer.content.decode()
    assert Client().get(address).status_code == 200
    assert address not in client.get(PAGE).content.decode()
    assert "no-store" in answer.headers["Cache-Control"]


def test_new_address_ends_the_old_one(client: Client) -> None:
    old, new = (address_on(client.post(NEW)) for _ in range(2))
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_address_is_ended(client: Client) -> None:
    address = address_on(client.post(NEW))
    page = client.post(END, follow=True).content.decode()
    assert "no longer works" in page
    assert "no address yet" in page
    assert Client().get(address).status_code == 404


def test_password_is_asked_for_again(user: User) -> None:
    client = Client()
    client.force_login(user)
    answer = client.post(NEW)
    assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not CalendarFeed.objects.exists()


def test_nobody_ends_anothers_address(client: Client) -> None:
    address = address_on(client.post(NEW))
    other = Client()
    other.force_login(UserFactory.create())
    other.post(END)
    assert Client().get(address).status_code == 200


def test_too_many_new_addresses_must_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TokenCreationThrottle, "rate", "1/hour")
    client.post(NEW)
    answer = client.post(NEW)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_account_page_links_to_the_calendar_page(client: Client) -> None:
    assert PAGE in client.get("/account/").content.decode()


# --- Logs --------------------------------------------------------------------


@pytest.mark.parametrize("end", [".ics", ".ics?x=1", "", ".ics HTTP/1.1"])
def test_calendar_address_is_masked_in_logs(end: str) -> None:
    text = masked(f"GET /calendar/{'s' * 43}{end} 200")
    assert "sss" not in text
    assert masked("/account/calendar/") == "/account/calendar/"


def test_django_logs_no_address() -> None:
    words = {"msg": "Not Found: %s", "args": (f"/calendar/{'s' * 43}.ics",)}
    record = logging.makeLogRecord(words)
    assert MaskSecrets().filter(record)
    assert record.getMessage() == "Not Found: /calendar/…"
    logging_of: Any = settings.LOGGING
    assert logging_of["handlers"]["console"]["filters"] == ["secrets", "client errors"]


def test_gunicorn_logs_no_address() -> None:
    logger = MaskingLogger(Config())
    path = f"/calendar/{'s' * 43}.ics"
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": path,
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
    }
    answer = SimpleNamespace(status="200 OK", headers=[])
    asked = SimpleNamespace(headers=[("REFERER", path)])
    atoms = logger.atoms(answer, asked, environ, dt.timedelta())
    assert "sss" not in str(atoms)
    assert atoms["U"] == "/calendar/…"
    assert any(isinstance(each, MaskSecrets) for each in logger.error_log.filters)
