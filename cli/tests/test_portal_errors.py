"""Errors of the portal and the network: what is tried again, and what is said."""

import httpx
import pytest

from command_runner import Softmark
from fake_portal import FakePortal, problem
from softmark_cli.credentials import Credentials
from softmark_cli.portal_client import PortalClient

LOST = httpx.ConnectError("refused")


def answer(status: int, code: str = "error", **headers: str) -> httpx.Response:
    """Return a refusal of the portal."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=problem(code, "Words."), headers=sent)


def test_passing_errors_are_tried_again(
    signed_in: Softmark, portal: FakePortal
) -> None:
    portal.failures = [LOST, answer(503, Retry_After="7"), httpx.ReadTimeout("slow")]
    done = signed_in("courses")
    assert done.code == 0
    assert len(portal.pauses) == 3
    assert portal.pauses[1] >= 7
    assert done.err.count("Trying again in") == 3


def test_a_limit_is_waited_for_as_the_portal_says(
    signed_in: Softmark, portal: FakePortal
) -> None:
    portal.failures = [answer(429, "throttled", Retry_After="1324")] * 2
    done = signed_in("courses")
    assert done.code == 0
    assert portal.pauses == [1324, 1324]
    assert "23 minutes" in done.err


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (LOST, 6, "cannot be reached"),
        (httpx.ReadTimeout("slow"), 6, "does not answer"),
        (answer(500), 1, "Words."),
        (httpx.Response(502, text="<html>nginx"), 1, "The portal failed (502)."),
    ],
    ids=["network", "time-out", "fault", "proxy"],
)
def test_it_gives_up_in_words(
    signed_in: Softmark,
    portal: FakePortal,
    failure: httpx.Response | Exception,
    code: int,
    words: str,
) -> None:
    portal.failures = [failure] * 20
    done = signed_in("courses")
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err
    assert 3 < len(portal.pauses) < 10


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        (answer(401), 3, "does not accept your token"),
        (answer(403, "scope_missing"), 3, "both read and submit"),
        (answer(404, "not_found"), 5, "Words."),
        (answer(400, "unknown_course"), 5, "Words."),
        (answer(400, "unknown_parameter"), 4, "Words."),
        (httpx.Response(302, headers={"Location": "https://x"}), 6, "https://x"),
        (httpx.Response(200, text="<html>Sign in to the hotel"), 6, "browser first"),
        (httpx.Response(200, json={"rows": []}), 1, "not what this program expects"),
        (httpx.ConnectError("CERTIFICATE_VERIFY_FAILED"), 6, "SSL_CERT_FILE"),
    ],
    ids=[
        "401",
        "403",
        "404",
        "no course",
        "400",
        "moved",
        "captive",
        "other version",
        "tls",
    ],
)
def test_lasting_errors_are_told_once(
    signed_in: Softmark,
    portal: FakePortal,
    failure: httpx.Response | Exception,
    code: int,
    words: str,
) -> None:
    portal.failures = [failure]
    done = signed_in("courses")
    assert done.code == code
    assert words in done.err
    assert len(portal.requests) == 1


def test_the_token_stays_with_the_portal_whatever_an_answer_names() -> None:
    given = Credentials(address="https://portal.example/dl", token="sm_x")  # noqa: S106
    client = PortalClient(given, notify=lambda _: None)
    assert client.url_of("me/") == "https://portal.example/dl/api/v1/me/"
    elsewhere = "http://evil.example/dl/api/v1/runs/1/?page=2"
    found = client.url_of(elsewhere)
    assert found == "https://portal.example/dl/api/v1/runs/1/?page=2"
    client.close()


def test_text_of_others_gives_the_terminal_no_orders(
    signed_in: Softmark, portal: FakePortal
) -> None:
    row = {"slug": "dl", "title": "[red]A\x1b[2J\nB", "academic_year": "", "role": ""}
    portal.failures = [httpx.Response(200, json={"results": [row], "next": None})]
    out = signed_in("courses").out
    assert "\x1b" not in out
    assert "[red]A\N{REPLACEMENT CHARACTER}[2J" in out
