"""A request is one line of the access log, whatever its address contains."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.glogging import SafeAtoms

from portal.gunicorn import MaskingLogger, access_log_format

HOSTILE = (
    "\nworker | forged line",
    "\r\nforged",
    "\x1b[31mred",
    "\x1b]0;title\x07",
    "\x7f\x08\x00",
    "\x85next",
    "\x9b31m",
    "\u2028next",
    "\u202ereversed",
)


def atoms(text: str) -> dict[str, Any]:
    """Return the parts of gunicorn's lines, for a client that sends this everywhere."""
    environ = {
        "REQUEST_METHOD": "GET",
        "RAW_URI": f"/{text}",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "PATH_INFO": f"/{text}",
        "QUERY_STRING": text,
        "HTTP_REFERER": text,
        "HTTP_USER_AGENT": text,
    }
    answer = SimpleNamespace(status="200 OK", sent=5, headers=[("x-echo", text)])
    asked = SimpleNamespace(headers=[("x-sent", text)])
    logger = MaskingLogger(Config())
    return logger.atoms(answer, asked, environ, dt.timedelta())


@pytest.mark.parametrize("text", HOSTILE)
def test_client_input_cannot_break_or_colour_the_line(text: str) -> None:
    found = atoms(text)
    assert all(
        value.isprintable() for value in found.values() if isinstance(value, str)
    )
    assert (access_log_format % SafeAtoms(found)).isprintable()


def test_an_ordinary_address_is_logged_unchanged() -> None:
    assert atoms("courses/70010/é")["U"] == "/courses/70010/é"


def test_unprintable_characters_are_escaped() -> None:
    assert atoms("a\nb\x1b")["U"] == r"/a\nb\x1b"


@pytest.mark.parametrize("end", ['"', '\\"', '\\\\"'])
def test_an_address_cannot_close_its_quotation_marks(end: str) -> None:
    line = access_log_format % SafeAtoms(atoms(f"a{end} 500 forged"))
    quoted = line.removeprefix('GET "')
    while quoted.startswith("\\") or quoted[0] != '"':
        quoted = quoted[2:] if quoted.startswith("\\") else quoted[1:]
    assert quoted.startswith('" 200 ')
