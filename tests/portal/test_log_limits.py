"""One request leaves a bounded amount of text in the log, whatever it contains."""

import io
import json
import logging
import logging.config
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

from portal.log_limits import MAX_TRACEBACK, MAX_VALUE, cut
from tests.factories import UserFactory

MOST_CHARACTERS: Final = MAX_TRACEBACK + 2 * MAX_VALUE
LONG: Final = "x\n" * 500_000


def fault(request: HttpRequest) -> HttpResponse:
    raise ValueError(request.POST.get("text", LONG))


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation(LONG)


def bad_repr(request: HttpRequest) -> HttpResponse:
    structlog.get_logger("tests").warning(
        "an event", value={"list": [LONG] * 3}, number=10**4000, **{"k" * 9000: LONG}
    )
    return HttpResponse(LONG, status=400, reason=LONG[:1].strip())


urlpatterns = [
    path("fault/", fault),
    path("suspicious/", suspicious),
    path("bad-repr/", bad_repr),
]


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Give everything that the portal's own log handler writes."""
    stream = io.StringIO()
    console = next(
        handler
        for handler in logging.getLogger().handlers
        if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(console.formatter)
    handler.filters = list(console.filters)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)


def client_of(**headers: Any) -> Client:
    return Client(raise_request_exception=False, **headers)


def ask_without_permission() -> None:
    client = client_of()
    client.force_login(UserFactory.create())
    client.get("/admin/")


def ask_from_elsewhere() -> None:
    client = Client(enforce_csrf_checks=True)
    client.post("/accounts/login/", HTTP_REFERER=f"https://{'x' * 99_000}/")


def send_a_broken_form() -> None:
    kind = f"multipart/form-data; boundary={'b' * 5000}"
    client_of().generic("POST", "/accounts/login/", LONG, kind)


# Requests that cause a log entry.
KINDS: Final[dict[str, Callable[[], Any]]] = {
    "long path": lambda: client_of().get(f"/{'x' * 100_000}/"),
    "long host": lambda: client_of(HTTP_HOST="x" * 50_000).get("/"),
    "long agent": lambda: client_of(HTTP_USER_AGENT="x" * 100_000).get("/nowhere/"),
    "long referer": ask_from_elsewhere,
    "lines in a path": lambda: client_of().get("/%0A%0D" * 1000),
    "many fields": lambda: client_of().post(
        "/accounts/login/", {f"f{n}": "x" for n in range(5000)}
    ),
    "no permission": ask_without_permission,
    "broken form": send_a_broken_form,
}


@pytest.mark.django_db
@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_a_client_is_one_line(kind: str, log: io.StringIO) -> None:
    KINDS[kind]()
    written = log.getvalue()
    assert len(written) <= 2 * MAX_VALUE
    assert written.count("\n") <= 3


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__, DATA_UPLOAD_MAX_MEMORY_SIZE=10**7)
@pytest.mark.parametrize("kind", ["fault", "suspicious", "bad-repr"])
def test_an_internal_error_has_a_length_limit(kind: str, log: io.StringIO) -> None:
    client_of().post(f"/{kind}/", {"text": LONG})
    written = log.getvalue()
    assert written
    assert len(written) <= 3 * MOST_CHARACTERS


def test_a_shortened_json_entry_stays_json(log: io.StringIO) -> None:
    formatters: Any = settings.LOGGING["formatters"]
    line = formatters["line"]
    formatter = structlog.stdlib.ProcessorFormatter(
        processors=[
            *line["processors"][:-1],
            structlog.processors.JSONRenderer(),
        ]
    )
    for handler in logging.getLogger().handlers:
        if getattr(handler, "stream", None) is log:
            handler.setFormatter(formatter)
    logging.getLogger("tests").error("%s", LONG)
    assert len(json.loads(log.getvalue())["event"]) < 2 * MAX_VALUE


def test_shortened_text_keeps_both_ends() -> None:
    short = cut("a" * 5000 + "z" * 5000, 100)
    assert short.startswith("a" * 50)
    assert short.endswith("z" * 50)
    assert "9900 more characters" in short
