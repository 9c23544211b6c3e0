"""A client that stops half way gives its thread back."""

import socket
from typing import Any

import pytest
from django.test import RequestFactory

from portal.wsgi import STALL_SECONDS, application


@pytest.mark.django_db
def test_the_connection_waits_for_no_stalled_client() -> None:
    ours, theirs = socket.socketpair()
    environ: dict[str, Any] = RequestFactory().get("/healthz").environ
    with ours, theirs:
        environ["gunicorn.socket"] = ours
        answer: Any = application(environ, lambda *_: lambda _: None)
        answer.close()
        assert ours.gettimeout() == STALL_SECONDS
