"""A client that stops in the middle of a request frees its thread."""

import socket
from typing import Any

import pytest
from django.test import RequestFactory

from portal.wsgi import STALL_SECONDS, application


@pytest.mark.django_db
def test_a_connection_has_a_time_limit_for_stalled_clients() -> None:
    ours, theirs = socket.socketpair()
    environ: dict[str, Any] = RequestFactory().get("/healthz").environ
    with ours, theirs:
        environ["gunicorn.socket"] = ours
        answer: Any = application(environ, lambda *_: lambda _: None)
        answer.close()
        assert ours.gettimeout() == STALL_SECONDS
