"""Requests that gunicorn cannot read are refused in the API's shape, not in HTML."""

import json
import socket

import pytest
from gunicorn import util

from portal import gunicorn_worker
from tests.services.portal import LivePortal


@pytest.mark.parametrize(("status", "kind"), [(400, "client"), (500, "server")])
def test_refusal_has_the_api_s_error_shape(status: int, kind: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        gunicorn_worker.write_error(ours, status, "Bad Request", 'A "bad" <header>')
        ours.shutdown(socket.SHUT_WR)
        head, _, body = theirs.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d Bad Request\r\n" % status)
    assert b"Content-Type: application/json" in head
    assert json.loads(body)["type"] == f"{kind}_error"
    assert b"Content-Length: %d" % len(body) in head


@pytest.mark.services
def test_gunicorn_uses_this_answer(live_portal: LivePortal) -> None:
    live_portal.start_web()
    with socket.create_connection(("127.0.0.1", live_portal.port), 10) as client:
        client.sendall(b"GET /api/v1/me/ HTTP/1.1\r\nHost: x\r\nBad Header\r\n\r\n")
        answer = client.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert set(json.loads(answer.partition(b"\r\n\r\n")[2])) == {"type", "errors"}
    assert util.write_error is gunicorn_worker.write_error
